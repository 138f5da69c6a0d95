"""Texts that the browser carries for us for some minutes, signed: the log-in form's token, and the proof that a
password was right while its owner picks one of several chains.

The log-in form has no session to bind a token to. It gets a random cookie, and its token is that cookie's value,
signed and with an end (a signed double submit): another site can neither read nor, with the `__Host-` prefix,
plant the cookie, so it can't log a visitor in to an account of its own.
"""

import hmac
import re
import secrets
import time
from typing import Final, Literal
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from saas.secrets import InvalidSecretError, sign, verify
from saas.sessions import secure

FORM_SECONDS: Final = 3600
TICKET_SECONDS: Final = 300
Step = Literal["account", "password"]
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{32}")


def _cookie_name() -> str:
    return "__Host-regulars-form" if secure() else "regulars_form"


def form_nonce(connection: ASGIConnection) -> str:  # type: ignore[type-arg]  # any user, auth and state
    """The browser's nonce; a new one where it has none (a second tab keeps the first one's)."""
    given = connection.cookies.get(_cookie_name(), "")
    return given if _NONCE.fullmatch(given) else secrets.token_urlsafe(24)


def form_cookie(nonce: str) -> Cookie:
    """The cookie that holds the nonce."""
    return Cookie(
        key=_cookie_name(),
        value=nonce,
        path="/",
        httponly=True,
        secure=secure(),
        samesite="strict",
        max_age=FORM_SECONDS,
    )


def form_token(nonce: str) -> str:
    """The hidden field's value for a browser with this nonce."""
    return _stamp("login-form", nonce, FORM_SECONDS)


def form_token_is_valid(token: str, nonce: str) -> bool:
    """Whether the form was ours, for this browser, and not too old."""
    found = _read("login-form", token)
    return found is not None and hmac.compare_digest(found.encode(), nonce.encode())


def account_ticket(account_id: UUID, nonce: str, step: Step = "account") -> str:
    """Proves for five minutes, in this browser only, that the account's password was right: `password` where its code
    is still to come, `account` where that was right, too, or isn't asked for.
    """
    return _stamp(f"login-{step}", f"{account_id}|{nonce}", TICKET_SECONDS)


def account_of_ticket(ticket: str, nonce: str, step: Step = "account") -> UUID | None:
    """The ticket's account, or None for one that is forged, too old, another browser's or of another step."""
    account, _, bound = (_read(f"login-{step}", ticket) or "").partition("|")
    return UUID(account) if bound and hmac.compare_digest(bound.encode(), nonce.encode()) else None


def _stamp(purpose: str, payload: str, seconds: int) -> str:
    return sign(purpose, f"{int(time.time()) + seconds}|{payload}".encode())


def _read(purpose: str, token: str) -> str | None:
    try:
        end, _, payload = verify(purpose, token).decode().partition("|")
    except InvalidSecretError:
        return None
    return payload if int(end) >= time.time() else None

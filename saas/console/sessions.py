"""Who is logged in to the console: a random token in a cookie of its own, its SHA-256 in `platform.operator_session`.

Shorter than staff's sessions: 12 hours from the log-in, 30 minutes unused. There is a session only once the second
factor was given, where one is asked for.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request
from litestar.datastructures import Cookie

from saas.clock import system_now
from saas.console.people import Operator
from saas.db import role_pool
from saas.errors import DomainError
from saas.forms import texts_of
from saas.sessions import mask, same_origin, secure, unmask
from saas.settings import get_settings

LIFETIME: Final = timedelta(hours=12)
IDLE: Final = timedelta(minutes=30)
_TOKEN_LENGTH: Final = 43
_READ: Final = """
UPDATE platform.operator_session AS s SET seen_at = $2 FROM platform.operator o
 WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND o.id = s.operator_id AND o.gone_at IS NULL
RETURNING o.id, o.email, o.name, o.created_at, o.confirmed_at, s.csrf_token"""
_START: Final = """
INSERT INTO platform.operator_session (token_hash, operator_id, csrf_token, created_at, seen_at, expires_at)
VALUES ($1, $2, $3, $4, $4, $5)"""

_Request = Request[Any, Any, Any]


class NotLoggedInError(Exception):
    """The console's pages lead to its log-in."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is logged in, from where, and the token that forms bring back, masked anew for each page."""

    operator: Operator
    csrf_token: str
    address: str
    csrf_secret: str = field(repr=False)


def console_is_open() -> bool:
    """Whether this installation serves the console (`OPERATOR_CONSOLE`; without it everywhere but in production)."""
    settings = get_settings()
    return settings.environment != "production" if settings.operator_console is None else settings.operator_console


def cookie_name() -> str:
    return "__Host-regulars-operator" if secure() else "regulars_operator"


def session_cookie(token: str) -> Cookie:
    """The cookie that carries `token`; an empty one ends it in the browser."""
    age = int(LIFETIME.total_seconds()) if token else 0
    return Cookie(
        key=cookie_name(),
        value=token,
        path="/",
        httponly=True,
        secure=secure(),
        samesite="strict",
        max_age=age,
    )


async def start(operator_id: UUID) -> str:
    """A new session's token."""
    token, now = secrets.token_urlsafe(32), system_now()
    pool = await role_pool("operator")
    await pool.execute("DELETE FROM platform.operator_session s WHERE s.expires_at < $1", now)
    await pool.execute(_START, _hash(token), operator_id, secrets.token_urlsafe(32), now, now + LIFETIME)
    return token


async def end(request: _Request) -> None:
    """The browser's session, if it has one, opens nothing from here on."""
    token = request.cookies.get(cookie_name(), "")
    pool = await role_pool("operator")
    await pool.execute("DELETE FROM platform.operator_session s WHERE s.token_hash = $1", _hash(token))


async def entered(request: _Request) -> Entered:
    """Who asks. Raises NotLoggedInError; DomainError `not-found` where there is no console."""
    if not console_is_open():
        raise DomainError("not-found")
    token, now = request.cookies.get(cookie_name(), ""), system_now()
    row: Any = None
    if len(token) == _TOKEN_LENGTH:
        row = await (await role_pool("operator")).fetchrow(_READ, _hash(token), now, now - IDLE)
    if row is None:
        raise NotLoggedInError
    who = Operator(row["id"], row["email"], row["name"], row["created_at"], row["confirmed_at"])
    return Entered(who, mask(row["csrf_token"]), address_of(request), row["csrf_token"])


async def posted(request: _Request) -> tuple[Entered, Mapping[str, str]]:
    """Who sent a form of ours, and its texts. Raises as `entered`, and DomainError `csrf-failed`."""
    who, form = await entered(request), await texts_of(request)
    given = unmask(form.get("_csrf", ""))
    if not same_origin(request) or not hmac.compare_digest(given, who.csrf_secret.encode()):
        raise DomainError("csrf-failed")
    return who, form


def address_of(request: _Request) -> str:
    """The caller's address, as far as it is known."""
    return request.client.host if request.client else ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()

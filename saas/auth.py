"""Who is asking: API keys (integrators) and sessions (staff), looked up by the narrow role `gate`.

A key is `rk_<mode>_<id>_<secret>_<checksum>`; we keep the SHA-256 of the secret only. The checksum
(CRC-32 of what stands before it) lets a scanner and us refuse a mistyped key without a query.
A found principal is remembered for `PRINCIPAL_CACHE_SECONDS`: so long a revoked key may still work.
"""

import hashlib
import hmac
import secrets
import time
import zlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from saas.db import role_pool
from saas.errors import DomainError
from saas.pages import send_error_page, wants_html, way_back
from saas.principal import KeyScope, Principal
from saas.problem_details import header_of, send_problem
from saas.security_log import noted
from saas.sessions import SAFE_METHODS, Session, cookie_name, principal_of_session, require_csrf, session_of
from saas.settings import get_settings

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
_CACHE_SIZE = 20_000
OF_THE_CHAIN: Final[frozenset[KeyScope]] = frozenset({"admin", "programme:write", "webhooks:write"})
"""Scopes of what a chain decides as a whole: its rules and offers, its people and keys, its bill, what leaves it."""
# To the hour: a till's key is looked up all day long.
_USED = (
    "UPDATE platform.api_key SET used_at = clock_timestamp()"
    " WHERE id = $1 AND (used_at IS NULL OR used_at < clock_timestamp() - interval '1 hour')"
)
# Where a page leads who has no session, or one that has to do something first.
_LEADS_TO = {"unauthenticated": "/login", "locked": "/lock", "second-factor-required": "/account/second-factor"}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: `text` is shown once, `secret_hash` is kept."""

    id: str
    text: str
    secret_hash: bytes


def new_key(mode: str) -> NewKey:
    """A key with 62 random bits of id and 251 of secret, in letters without look-alikes."""
    key_id = _random(11)
    secret = _random(44)
    head = f"rk_{mode}_{key_id}_{secret}"
    return NewKey(key_id, f"{head}_{_checksum(head)}", _hash(secret))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(head: str) -> str:
    return f"{zlib.crc32(head.encode()):08x}"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class _Remembered:
    """A small cache of principals with a short life. Holds hashes of keys, never keys."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    def get(self, token: bytes) -> Principal | None:
        entry = self._entries.get(token)
        if entry is None:
            return None
        if entry[0] < time.monotonic():
            del self._entries[token]
            return None
        return entry[1]

    def put(self, token: bytes, principal: Principal) -> None:
        self._entries[token] = (time.monotonic() + get_settings().principal_cache_seconds, principal)
        while len(self._entries) > _CACHE_SIZE:
            self._entries.popitem(last=False)

    def forget_actor(self, actor: str) -> None:
        for token in [t for t, (_, p) in self._entries.items() if p.actor == actor]:
            del self._entries[token]


remembered = _Remembered()


async def principal_of_key(text: str) -> Principal:
    """The principal of a presented key. Raises DomainError `unauthenticated` for any that isn't valid now."""
    parts = text.split("_")
    if len(parts) != 5 or parts[0] != "rk":  # noqa: PLR2004  # rk, mode, id, secret, checksum
        raise DomainError("unauthenticated")
    token = hashlib.sha256(text.encode()).digest()
    if (known := remembered.get(token)) is not None:
        return known
    _, mode, key_id, secret, checksum = parts
    if not hmac.compare_digest(checksum.encode(), _checksum(text.rpartition("_")[0]).encode()):
        raise DomainError("unauthenticated")
    pool = await role_pool("gate")
    row = await pool.fetchrow(
        "SELECT tenant_id, secret_hash, scopes, branch_ids FROM platform.api_key"
        " WHERE id = $1 AND mode = $2 AND revoked_at IS NULL",
        key_id,
        mode,
    )
    if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
        raise DomainError("unauthenticated")
    branches = None if row["branch_ids"] is None else frozenset(row["branch_ids"])
    await pool.execute(_USED, key_id)
    principal = Principal(f"key:{key_id}", row["tenant_id"], frozenset(row["scopes"]), branches, test=mode == "test")
    remembered.put(token, principal)
    return principal


class AuthMiddleware(ASGIMiddleware):
    """Finds the principal and holds it against the handler's `requires` (or `or_requires`, where there is one).

    A page takes a session only and sends who has none to the log-in; the API takes a key, else a session.
    What a session does unsafely needs its CSRF token.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        opt: dict[str, Any] = scope["route_handler"].opt
        if opt.get("auth", "key") in {"none", "operator"}:  # the console's handlers ask for themselves
            await next_app(scope, receive, send)
            return
        key = None if opt.get("auth") == "page" else _bearer(scope)
        try:
            if key is None:
                request: Request[Any, Any, Any] = Request(scope, receive)
                principal, receive = await _logged_in(request), request.receive
            else:
                principal = await principal_of_key(key)
            _require(principal, opt.get("requires"), opt.get("or_requires"))
            _require_whole_chain(principal, opt)
        except DomainError as error:
            _note(Request(scope, receive), error)
            await _refuse(scope, send, error)
            return
        scope["state"]["principal"] = principal
        tenant: UUID | None = principal.tenant_id
        structlog.contextvars.bind_contextvars(tenant_id=str(tenant), actor=principal.actor)
        await next_app(scope, receive, send)


def _bearer(scope: Scope) -> str | None:
    kind, _, text = (header_of(scope, b"authorization") or "").partition(" ")
    return text.strip() if kind.lower() == "bearer" and text else None


def _note(request: Request[Any, Any, Any], error: DomainError) -> None:
    """Writes down what was tried; that a session has ended, or that there is none, is nobody's attack."""
    if error.code == "unauthenticated" and "authorization" in request.headers:
        noted("key-refused", request)
    elif error.code == "csrf-failed":
        noted("foreign-form", request)
    elif error.code == "forbidden":
        noted("not-permitted", request, code=error.code)


def _require(principal: Principal, scope: KeyScope | None, other: KeyScope | None) -> None:
    if scope is not None and not principal.may(scope) and (other is None or not principal.may(other)):
        raise DomainError("forbidden", params={"scope": scope})


def _require_whole_chain(principal: Principal, opt: dict[str, Any]) -> None:
    """Who is bound to branches has no say in what holds at all of them, whatever scope the key has. `bound`: the
    handler asks for itself what lies within them.
    """
    if principal.branch_ids is not None and opt.get("requires") in OF_THE_CHAIN and not opt.get("bound"):
        raise DomainError("not-permitted")


async def _logged_in(request: Request[Any, Any, Any]) -> Principal:
    page = request.scope["route_handler"].opt.get("auth") == "page"
    if not page and cookie_name() not in request.cookies:
        raise DomainError("unauthenticated")
    principal = await principal_of_session(request)
    _require_ready(await session_of(request), request.scope["route_handler"].opt.get("although", ()))
    if request.method not in SAFE_METHODS:
        await require_csrf(request)
    return principal


def _require_ready(session: Session | None, although: Collection[str]) -> None:
    """`although`: the states in which the handler works all the same. Raises DomainError `locked`,
    `second-factor-required`.
    """
    if session is not None and session.locked and "locked" not in although:
        raise DomainError("locked")
    if session is not None and session.lacks_factor and "lacks-factor" not in although:
        raise DomainError("second-factor-required")


async def _refuse(scope: Scope, send: Send, error: DomainError) -> None:
    path = _LEADS_TO.get(error.code)
    if path is not None and scope["route_handler"].opt.get("auth") == "page":
        await _lead(scope, send, path)
    elif wants_html(scope):
        await send_error_page(scope, send, error.code, params=error.params, headers=error.headers)
    else:
        await send_problem(scope, send, error.code, params=error.params, headers=error.headers)


async def _lead(scope: Scope, send: Send, path: str) -> None:
    """303 to a page that comes back here; htmx, which would follow it into the middle of a page, is told to load it as
    a whole.
    """
    partial = any(name.lower() == b"hx-request" for name, _ in scope["headers"])
    to = way_back(scope, path).encode("ascii")
    headers = [
        (b"hx-redirect" if partial else b"location", to),
        (b"cache-control", b"no-store"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 401 if partial else 303, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

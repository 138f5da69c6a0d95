"""Sessions of staff: a random token in a cookie, its SHA-256 in `platform.session`, read by the role `gate`.

A token is 256 random bits, made at log-in and never taken from the browser, so that nobody can plant one.
A session ends 30 days after log-in, after 12 hours unused, at log-out, or when the account loses its place
in the tenant: role and place are read from `platform.account_tenant` at each request, never remembered.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType

from saas.clock import system_now
from saas.db import role_pool
from saas.errors import DomainError
from saas.i18n import n_
from saas.principal import KeyScope, Principal
from saas.settings import get_settings

LIFETIME: Final = timedelta(days=30)
IDLE: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=5)
_TOKEN_LENGTH: Final = 43  # 256 bits in URL-safe base64
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

SCOPES_OF_ROLE: Final[dict[str, frozenset[KeyScope]]] = {
    "owner": frozenset({"admin"}),
    "manager": frozenset(
        {
            "members:read",
            "members:write",
            "purchases:write",
            "points:write",
            "wallet:write",
            "reports:read",
        }
    ),
    "clerk": frozenset({"members:read", "members:write", "purchases:write", "points:write", "wallet:write"}),
    "analyst": frozenset({"members:read", "reports:read"}),
}
ROLE_NAMES: Final = {
    "owner": n_("Owner"),
    "manager": n_("Manager"),
    "clerk": n_("Clerk"),
    "analyst": n_("Analyst"),
}


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in, and where. `locale` is the account's own."""

    token_hash: bytes
    account_id: UUID
    tenant_id: UUID
    staff_id: UUID
    role: str
    csrf_token: str
    locale: str
    email: str

    @property
    def principal(self) -> Principal:
        return Principal(f"staff:{self.staff_id}", self.tenant_id, SCOPES_OF_ROLE[self.role])


def secure() -> bool:
    """Whether browsers reach us by https, as far as `PUBLIC_URL` says."""
    return urlsplit(get_settings().public_url).scheme == "https"


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host and path; browsers accept it over https only."""
    return "__Host-regulars" if secure() else "regulars_session"


def session_cookie(token: str) -> Cookie:
    """The cookie that carries `token`; an empty one ends it in the browser."""
    return Cookie(
        key=cookie_name(),
        value=token,
        path="/",
        httponly=True,
        secure=secure(),
        samesite="lax",
        max_age=int(LIFETIME.total_seconds()) if token else 0,
    )


async def start_session(account_id: UUID, tenant_id: UUID) -> str:
    """Makes a session and returns its token. Raises DomainError `unauthenticated` for an account without a place
    in the tenant.
    """
    token, now = secrets.token_urlsafe(32), system_now()
    pool = await role_pool("gate")
    tag = await pool.execute(
        "INSERT INTO platform.session"
        " (token_hash, account_id, tenant_id, csrf_token, created_at, seen_at, expires_at)"
        " SELECT $1, a.account_id, a.tenant_id, $4, $6, $6, $5"
        " FROM platform.account_tenant a WHERE a.account_id = $2 AND a.tenant_id = $3",
        _hash(token),
        account_id,
        tenant_id,
        secrets.token_urlsafe(32),
        now + LIFETIME,
        now,
    )
    if tag != "INSERT 0 1":
        raise DomainError("unauthenticated")
    return token


async def find_session(token: str) -> Session | None:
    """The live session of a token, its last use noted at most every five minutes."""
    if len(token) != _TOKEN_LENGTH:
        return None
    pool, now, token_hash = await role_pool("gate"), system_now(), _hash(token)
    row = await pool.fetchrow(
        "SELECT s.account_id, s.tenant_id, t.staff_id, t.role, s.csrf_token, s.seen_at, a.locale, a.email"
        " FROM platform.session s JOIN platform.account a ON a.id = s.account_id"
        " JOIN platform.account_tenant t ON t.account_id = s.account_id AND t.tenant_id = s.tenant_id"
        " WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3",
        token_hash,
        now,
        now - IDLE,
    )
    if row is None:
        return None
    if row["seen_at"] < now - SEEN_EVERY:
        await pool.execute(
            "UPDATE platform.session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $3",
            token_hash,
            now,
            now - SEEN_EVERY,
        )
    return Session(
        token_hash,
        row["account_id"],
        row["tenant_id"],
        row["staff_id"],
        row["role"],
        row["csrf_token"],
        row["locale"],
        row["email"],
    )


async def end_session(token_hash: bytes) -> None:
    """Log-out: the token opens nothing from here on."""
    pool = await role_pool("gate")
    await pool.execute("DELETE FROM platform.session WHERE token_hash = $1", token_hash)


async def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Session | None:
    """The session of a request, looked up once."""
    state = connection.scope["state"]
    if "session" not in state:
        token = connection.cookies.get(cookie_name())
        state["session"] = await find_session(token) if token else None
    session: Session | None = state["session"]
    return session


async def principal_of_session(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    """The staff member behind a request's cookie. Raises DomainError `unauthenticated` without a live session."""
    session = await session_of(connection)
    if session is None:
        raise DomainError("unauthenticated")
    return session.principal


async def require_csrf(request: Request[Any, Any, Any]) -> None:
    """Refuses an unsafe request that did not come from a page of ours.

    The session's own token must come back in `X-CSRF-Token` or, from a page's plain form, in `_csrf`; and a
    browser that says where the request comes from must name us. Raises DomainError `csrf-failed`.
    The API takes the header alone: its bodies may be gigabytes, and a form would be read whole.
    """
    session = await session_of(request)
    if session is None or not same_origin(request):
        raise DomainError("csrf-failed")
    given = request.headers.get("x-csrf-token")
    page = request.scope["route_handler"].opt.get("auth") == "page"
    if given is None and page and request.content_type[0] == RequestEncodingType.URL_ENCODED:
        given = (await request.form()).get("_csrf")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf_token.encode()):
        raise DomainError("csrf-failed")


def same_origin(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """False where the browser says that another site sent the request. Without `Sec-Fetch-Site` and
    `Origin` (no browser of today) it is for the token alone to tell.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    ours = {urlsplit(get_settings().public_url).netloc, connection.headers.get("host", "")}
    return urlsplit(origin).netloc in ours


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

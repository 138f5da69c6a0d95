"""Sessions of staff: a random token in a cookie, its SHA-256 in `platform.session`, read by the role `gate`.

A token is 256 random bits, made at log-in and never taken from the browser, so that nobody can plant one.
A session ends 30 days after log-in, after 12 hours unused, at log-out, or when the account loses its place
in the tenant: role, branches and place are read from `platform.account_tenant` at each request, never remembered.
On a till that several people share it locks when it is unused for some minutes: it says who it is, and opens nothing
until its owner's PIN.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, UploadFile
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
SEEN_EVERY_ON_TILLS: Final = timedelta(seconds=15)
BACKGROUND: Final = "x-background"
"""The header of a request that a page makes by itself: it keeps no till awake."""
_TOKEN_LENGTH: Final = 43  # 256 bits in URL-safe base64
_LONGEST_DEVICE: Final = 200
_FORMS: Final = frozenset({RequestEncodingType.URL_ENCODED})
_FILE_FORMS: Final = _FORMS | {RequestEncodingType.MULTI_PART}
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
    """Who is logged in, and where. `csrf_token` proves that a form came from a page of this session: masked, so that it
    looks different in each answer, and good whatever its mask (`csrf_secret` is what is behind it). `locale` is the
    account's own. `till_id`: on a till that several people share, which
    locks after `idle_minutes`; `locked`: it has. `lacks_factor`: the chain asks this role for a second factor, and the
    account has none yet. `test`: in a sandbox or a sample chain.
    """

    token_hash: bytes
    account_id: UUID
    tenant_id: UUID
    staff_id: UUID
    role: str
    csrf_token: str
    csrf_secret: str = field(repr=False)
    locale: str
    email: str
    branch_ids: frozenset[UUID] | None = None
    till_id: UUID | None = None
    idle_minutes: int | None = None
    locked: bool = False
    lacks_factor: bool = False
    test: bool = False

    @property
    def principal(self) -> Principal:
        return Principal(
            f"staff:{self.staff_id}",
            self.tenant_id,
            SCOPES_OF_ROLE[self.role],
            self.branch_ids,
            self.role,
            self.token_hash,
            self.test,
        )


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


@dataclass(frozen=True, slots=True)
class Device:
    """What a session is begun on: what the browser calls itself, and the shared till that it is."""

    name: str = ""
    till_id: UUID | None = None
    idle_minutes: int | None = None


_START: Final = """
INSERT INTO platform.session AS s (token_hash, account_id, tenant_id, staff_id, csrf_token, created_at, seen_at,
                                   expires_at, device, till_id, idle_minutes)
SELECT $1, a.account_id, a.tenant_id, a.staff_id, $4, $6, $6, $5, $7, $8, $9
  FROM platform.account_tenant a WHERE a.account_id = $2 AND a.tenant_id = $3"""
_FIND: Final = """
SELECT s.account_id, s.tenant_id, t.staff_id, t.role, t.branch_ids, s.csrf_token, s.seen_at, s.till_id, s.idle_minutes,
       s.locked_at, a.locale, a.email, t.sample AS test,
       t.second_factor AND t.role IN ('owner', 'manager') AND NOT EXISTS (
           SELECT FROM platform.second_factor f WHERE f.account_id = s.account_id AND f.confirmed_at IS NOT NULL)
           AS lacks_factor
  FROM platform.session s
  JOIN platform.account a ON a.id = s.account_id
  JOIN platform.account_tenant t ON t.account_id = s.account_id AND t.tenant_id = s.tenant_id
   AND t.staff_id = s.staff_id
 WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3"""
_SEEN: Final = "UPDATE platform.session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $3 AND locked_at IS NULL"
_LOCK: Final = (
    "UPDATE platform.session SET locked_at = $2 WHERE token_hash = $1 AND till_id IS NOT NULL AND locked_at IS NULL"
)
_UNLOCK: Final = "UPDATE platform.session SET locked_at = NULL, seen_at = $2 WHERE token_hash = $1"


async def start_session(account_id: UUID, tenant_id: UUID, device: Device | None = None) -> str:
    """Makes a session and returns its token. Raises DomainError `unauthenticated` for an account without a place
    in the tenant.
    """
    token, now, on = secrets.token_urlsafe(32), system_now(), device or Device()
    pool = await role_pool("gate")
    tag = await pool.execute(
        _START,
        _hash(token),
        account_id,
        tenant_id,
        secrets.token_urlsafe(32),
        now + LIFETIME,
        now,
        on.name[:_LONGEST_DEVICE],
        on.till_id,
        on.idle_minutes,
    )
    if tag != "INSERT 0 1":
        raise DomainError("unauthenticated")
    return token


async def find_session(token: str, *, background: bool = False) -> Session | None:
    """The live session of a token, its last use noted now and then: not that of a `background` request, nor of a locked
    one. One that was unused for too long on a shared till locks here.
    """
    if len(token) != _TOKEN_LENGTH:
        return None
    pool, now, token_hash = await role_pool("gate"), system_now(), _hash(token)
    row = await pool.fetchrow(_FIND, token_hash, now, now - IDLE)
    if row is None:
        return None
    idle = row["idle_minutes"]
    locked = row["locked_at"] is not None
    if not locked and idle is not None and row["seen_at"] < now - timedelta(minutes=idle):
        locked = True
        await lock_session(token_hash)
    every = SEEN_EVERY if idle is None else SEEN_EVERY_ON_TILLS
    if not locked and not background and row["seen_at"] < now - every:
        await pool.execute(_SEEN, token_hash, now, now - every)
    return Session(
        token_hash,
        row["account_id"],
        row["tenant_id"],
        row["staff_id"],
        row["role"],
        mask(row["csrf_token"]),
        row["csrf_token"],
        row["locale"],
        row["email"],
        None if row["branch_ids"] is None else frozenset(row["branch_ids"]),
        row["till_id"],
        idle,
        locked,
        row["lacks_factor"],
        row["test"],
    )


async def lock_session(token_hash: bytes) -> None:
    """On a shared till: it opens nothing until `unlock_session`. Nothing happens to one elsewhere."""
    pool = await role_pool("gate")
    await pool.execute(_LOCK, token_hash, system_now())


async def unlock_session(token_hash: bytes) -> None:
    """Its owner is back."""
    pool = await role_pool("gate")
    await pool.execute(_UNLOCK, token_hash, system_now())


async def end_session(token_hash: bytes) -> None:
    """Log-out: the token opens nothing from here on."""
    pool = await role_pool("gate")
    await pool.execute("DELETE FROM platform.session WHERE token_hash = $1", token_hash)


async def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Session | None:
    """The session of a request, looked up once."""
    state = connection.scope["state"]
    if "session" not in state:
        token = connection.cookies.get(cookie_name())
        handler = connection.scope.get("route_handler")
        quiet = BACKGROUND in connection.headers or (handler is not None and bool(handler.opt.get("background")))
        state["session"] = await find_session(token, background=quiet) if token else None
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
    The API takes the header alone: its bodies may be gigabytes, and a form would be read whole. A page that
    `takes_files` says so in its handler's `opt`; the files wait on disk.
    """
    session = await session_of(request)
    if session is None or not same_origin(request):
        raise DomainError("csrf-failed")
    given = request.headers.get("x-csrf-token")
    opt = request.scope["route_handler"].opt
    forms = _FILE_FORMS if opt.get("takes_files") else _FORMS
    if given is None and opt.get("auth") == "page" and request.content_type[0] in forms:
        given = (await request.form()).get("_csrf")
    if not isinstance(given, str) or not hmac.compare_digest(unmask(given), session.csrf_secret.encode()):
        await close_files(request)
        raise DomainError("csrf-failed")


def mask(token: str) -> str:
    """The token under a random pad that comes with it: an attacker who watches the lengths of compressed answers meets
    another text in each.
    """
    raw = token.encode()
    pad = secrets.token_bytes(len(raw))
    return base64.urlsafe_b64encode(pad + _xor(pad, raw)).decode()


def unmask(text: str) -> bytes:
    """What `mask` hid; nothing for a text that it didn't make."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except ValueError:
        return b""
    half = len(raw) // 2
    return _xor(raw[:half], raw[half:])


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))


async def close_files(request: Request[Any, Any, Any]) -> None:
    """Lets go of the files that came with a form, for who will not read them."""
    takes_files = request.scope["route_handler"].opt.get("takes_files")
    if takes_files and request.content_type[0] == RequestEncodingType.MULTI_PART:
        for value in (await request.form()).values():
            if isinstance(value, UploadFile):
                await value.close()


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
    try:
        return urlsplit(origin).netloc in ours
    except ValueError:  # no address at all, such as "http://["
        return False


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Making, entering, leaving and removing a sample chain."""

from typing import Any, Final
from uuid import UUID, uuid5

from litestar import Request, Response, post

from saas.errors import DomainError
from saas.forms import texts_of
from saas.login.accounts import enter
from saas.login.tilling import device_of
from saas.pages import see_other
from saas.principal import SYSTEM, Principal
from saas.scope import connection, tenant_scope
from saas.sessions import Session, end_session, session_cookie, session_of
from tenants.first_steps.asking import ask_for_removal, ask_for_samples
from tenants.staff.employ import employ_owner

HOME: Final = "/overview"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "admin", "scoped": False}
_READY: Final = """
SELECT s.sample_id, f.name, f.email FROM sample s
  JOIN staff f ON f.tenant_id = s.tenant_id AND f.account_id = $2 AND f.left_at IS NULL
 WHERE s.tenant_id = $1 AND s.state = 'ready'"""
_PLACE: Final = "SELECT EXISTS (SELECT FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2)"
_OF: Final = "SELECT sample_of FROM tenant WHERE tenant_id = $1"
_OWN: Final = "SELECT role = 'owner' FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2"
_Request = Request[Any, Any, Any]


@post("/samples", opt=_OPT, include_in_schema=False)
async def act(request: _Request) -> Response[bytes]:
    """`make`, `open`, `back`, `remove`. From within the sample chain, the last two lead to the chain it belongs to."""
    wanted, session = (await texts_of(request)).get("act", ""), await session_of(request)
    if session is None:  # ended a moment ago
        raise DomainError("unauthenticated")
    if wanted == "open":
        return await _open(request, session)
    real = await _real(session)
    if wanted in {"make", "remove"}:
        async with tenant_scope(real, principal=await _principal(session, real), request_id=_request_id(request)):
            if wanted == "make" and real == session.tenant_id:
                await ask_for_samples(session.staff_id)
            elif wanted == "remove":
                await ask_for_removal()
    return see_other(HOME) if real == session.tenant_id else await _go(request, session, real)


async def _open(request: _Request, session: Session) -> Response[bytes]:
    """Over to the sample chain, as its owner; back on the overview where there is none (any more). Raises DomainError
    `not-permitted` at a shared till: who came back from there would have a session that doesn't lock.
    """
    if session.till_id is not None:
        raise DomainError("not-permitted")
    async with tenant_scope(session.tenant_id, principal=session.principal):
        row = await connection().fetchrow(_READY, session.tenant_id, session.account_id)
    if row is None:
        return see_other(HOME)
    sample_id: UUID = row["sample_id"]
    async with tenant_scope(sample_id, principal=SYSTEM):
        if not await connection().fetchval(_PLACE, sample_id, session.account_id):
            staff_id = uuid5(sample_id, str(session.account_id))
            await employ_owner(staff_id, session.account_id, row["name"], row["email"], sample=True)
    return await _go(request, session, sample_id)


async def _real(session: Session) -> UUID:
    """The chain itself, or the one that it is a sample of."""
    async with tenant_scope(session.tenant_id, principal=session.principal):
        of: UUID | None = await connection().fetchval(_OF, session.tenant_id)
    return of or session.tenant_id


async def _principal(session: Session, real: UUID) -> Principal:
    """Who acts in the real chain. Raises DomainError `not-permitted` for who doesn't own that any more."""
    if real == session.tenant_id:
        return session.principal
    async with tenant_scope(real, principal=SYSTEM):
        if not await connection().fetchval(_OWN, real, session.account_id):
            raise DomainError("not-permitted")
        staff_id: UUID = await connection().fetchval(
            "SELECT id FROM staff WHERE tenant_id = $1 AND account_id = $2 AND left_at IS NULL",
            real,
            session.account_id,
        )
    return Principal(f"staff:{staff_id}", real, frozenset({"admin"}), role="owner")


async def _go(request: _Request, session: Session, tenant_id: UUID) -> Response[bytes]:
    """A session of the other chain takes this one's place. Raises DomainError `unauthenticated` for who has no place
    there.
    """
    token = await enter(session.account_id, tenant_id, _request_id(request), device_of(request, None))
    await end_session(session.token_hash)
    return see_other(HOME, cookies=[session_cookie(token)])


def _request_id(request: _Request) -> str | None:
    found: str | None = request.scope["state"].get("request_id")
    return found


HANDLERS = [act]

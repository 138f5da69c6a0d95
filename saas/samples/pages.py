"""Making, entering, leaving and removing a sample chain."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, post

from saas.beside.crossing import cross_over, go
from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import see_other
from saas.principal import SYSTEM, Principal
from saas.scope import connection, tenant_scope
from saas.sessions import Session, session_of
from tenants.first_steps.asking import ask_for_removal, ask_for_samples

HOME: Final = "/overview"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "admin", "scoped": False}
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
        return await cross_over("sample", request, session, HOME) or see_other(HOME)
    real = await _real(session)
    if wanted in {"make", "remove"}:
        async with tenant_scope(real, principal=await _principal(session, real), request_id=_request_id(request)):
            if wanted == "make" and real == session.tenant_id:
                await ask_for_samples(session.staff_id)
            elif wanted == "remove":
                await ask_for_removal()
    return see_other(HOME) if real == session.tenant_id else await go(request, session, real, HOME)


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


def _request_id(request: _Request) -> str | None:
    found: str | None = request.scope["state"].get("request_id")
    return found


HANDLERS = [act]

"""Over to the sandbox and back. Nobody logs in there: an owner's session of the chain gives way to one of the
sandbox's, and the other way round.
"""

from typing import Any, Final
from uuid import UUID, uuid5

from litestar import Request, Response

from saas.errors import DomainError
from saas.login.accounts import enter
from saas.login.tilling import device_of
from saas.pages import see_other
from saas.principal import SYSTEM
from saas.scope import connection, tenant_scope
from saas.sessions import Session, end_session, session_cookie
from tenants.staff.employ import employ_owner

HOME: Final = "/sandbox"

_READY: Final = """
SELECT s.sandbox_id, f.name, f.email FROM sandbox s
  JOIN staff f ON f.tenant_id = s.tenant_id AND f.account_id = $2 AND f.role = 'owner' AND f.left_at IS NULL
 WHERE s.tenant_id = $1 AND s.state = 'ready'"""
_PLACE: Final = "SELECT EXISTS (SELECT FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2)"
_OF: Final = "SELECT sandbox_of FROM tenant WHERE tenant_id = $1"


async def cross_over(request: Request[Any, Any, Any], session: Session) -> Response[bytes]:
    """Into the sandbox, as its owner. Raises DomainError `no-sandbox`; `not-permitted` at a shared till: who came back
    from there would have a session that doesn't lock.
    """
    if session.till_id is not None:
        raise DomainError("not-permitted")
    async with tenant_scope(session.tenant_id, principal=session.principal):
        row = await connection().fetchrow(_READY, session.tenant_id, session.account_id)
    if row is None:
        raise DomainError("no-sandbox")
    sandbox_id: UUID = row["sandbox_id"]
    async with tenant_scope(sandbox_id, principal=SYSTEM):
        if not await connection().fetchval(_PLACE, sandbox_id, session.account_id):
            staff_id = uuid5(sandbox_id, f"{session.account_id}{row['email']}")
            await employ_owner(staff_id, session.account_id, row["name"], row["email"], sample=True)
    return await _go(request, session, sandbox_id)


async def cross_back(request: Request[Any, Any, Any], session: Session) -> Response[bytes]:
    """To the chain. Raises DomainError `unauthenticated` for who has no place there any more."""
    async with tenant_scope(session.tenant_id, principal=session.principal):
        chain: UUID | None = await connection().fetchval(_OF, session.tenant_id)
    return see_other(HOME) if chain is None else await _go(request, session, chain)


async def _go(request: Request[Any, Any, Any], session: Session, tenant_id: UUID) -> Response[bytes]:
    request_id = request.scope["state"].get("request_id")
    token = await enter(session.account_id, tenant_id, request_id, device_of(request, None))
    await end_session(session.token_hash)
    return see_other(HOME, cookies=[session_cookie(token)])

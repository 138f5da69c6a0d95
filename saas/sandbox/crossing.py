"""Over to the sandbox and back."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response

from saas.beside import crossing
from saas.errors import DomainError
from saas.pages import see_other
from saas.scope import connection, tenant_scope
from saas.sessions import Session

HOME: Final = "/sandbox"

_OF: Final = "SELECT sandbox_of FROM tenant WHERE tenant_id = $1"


async def cross_over(request: Request[Any, Any, Any], session: Session) -> Response[bytes]:
    """As its owner. Raises DomainError `no-sandbox`, and `not-permitted` at a shared till."""
    answer = await crossing.cross_over("sandbox", request, session, HOME)
    if answer is None:
        raise DomainError("no-sandbox")
    return answer


async def cross_back(request: Request[Any, Any, Any], session: Session) -> Response[bytes]:
    """To the chain. Raises DomainError `unauthenticated` for who has no place there any more."""
    async with tenant_scope(session.tenant_id, principal=session.principal):
        chain: UUID | None = await connection().fetchval(_OF, session.tenant_id)
    return see_other(HOME) if chain is None else await crossing.go(request, session, chain, HOME)

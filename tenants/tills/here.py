"""Which till a request comes from."""

from typing import Any, Final
from uuid import UUID

from litestar.connection import ASGIConnection

from saas.scope import connection, current
from saas.sessions import session_of

_BRANCH: Final = "SELECT t.branch_id FROM till t WHERE t.tenant_id = $1 AND t.id = $2 AND t.revoked_at IS NULL"


async def branch_of(request: ASGIConnection[Any, Any, Any, Any]) -> UUID | None:
    """The branch of the shared till on which the request's session works; None on any other device, and for somebody
    who doesn't work at that branch. In the current scope.
    """
    session = await session_of(request)
    if session is None or session.till_id is None:
        return None
    branch_id: UUID | None = await connection().fetchval(_BRANCH, current().tenant_id, session.till_id)
    return branch_id if branch_id is not None and session.principal.may_at(branch_id) else None

"""While a sandbox's clock moves nothing is written there but by the move: what is stamped between two nights that are
being played would be of no instant that anybody chose.
"""

from typing import Final
from uuid import UUID

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from saas.pages import send_error_page, wants_html
from saas.principal import Principal
from saas.problem_details import send_problem
from saas.scope import connection, tenant_scope
from saas.sessions import SAFE_METHODS

MOVING: Final = "moving"
"""In a handler's `although`: it works all the same."""

_MOVES: Final = """
SELECT EXISTS (SELECT FROM clock_move m JOIN tenant t ON t.tenant_id = m.tenant_id AND t.sandbox_of IS NOT NULL
                WHERE m.tenant_id = $1 AND m.ended_at IS NULL)"""


class ClockMiddleware(ASGIMiddleware):
    """Answers `clock-running` to what would write. It stands before the scope: that of a handler may be its own."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        who: Principal | None = scope["state"].get("principal")
        if who is None or not who.test or who.tenant_id is None or not await _refused(scope, who.tenant_id):
            await next_app(scope, receive, send)
        elif wants_html(scope):
            await send_error_page(scope, send, "clock-running")
        else:
            await send_problem(scope, send, "clock-running")


async def _refused(scope: Scope, tenant_id: UUID) -> bool:
    writes = scope["type"] == ScopeType.HTTP and scope["method"] not in SAFE_METHODS
    if not writes or MOVING in scope["route_handler"].opt.get("although", ()):
        return False
    async with tenant_scope(tenant_id):
        return bool(await connection().fetchval(_MOVES, tenant_id))

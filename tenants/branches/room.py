"""How many more branches the chain's plan has room for."""

from typing import Any, Final

from saas.plans.catalogue import Plan, plan
from saas.plans.limits import plan_limit
from saas.scope import connection, current

# The tenant's row is held until the end, so that of two who take the last place one finds it taken.
_HELD: Final = "SELECT t.plan, t.plan_revision FROM tenant AS t WHERE t.tenant_id = $1"
_PLAN: Final = f"{_HELD} FOR NO KEY UPDATE"
_OPEN: Final = "SELECT count(*) FROM branch AS b WHERE b.tenant_id = $1 AND b.closed_at IS NULL"


async def room() -> tuple[int, Plan]:
    """How many branches may still be opened in the current scope, below zero where more are open than the plan has;
    and the plan. Whoever else asks waits.
    """
    row: Any = await connection().fetchrow(_PLAN, current().tenant_id)
    held = plan(row["plan"], row["plan_revision"])
    opened: int = await connection().fetchval(_OPEN, current().tenant_id)
    return held.branches - opened, held


async def require_room() -> None:
    """That one more branch may be opened. Raises DomainError `plan-limit`."""
    left, held = await room()
    if left < 1:
        raise plan_limit(held)


async def left_of_plan() -> int:
    """How many more may be opened as things are, without waiting for anybody; none where more are open than the plan
    has.
    """
    row: Any = await connection().fetchrow(_HELD, current().tenant_id)
    opened: int = await connection().fetchval(_OPEN, current().tenant_id)
    return max(0, plan(row["plan"], row["plan_revision"]).branches - opened)

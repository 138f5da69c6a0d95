"""What the chain lets its staff do: how far clerks go alone, and whether owners and managers need a second factor."""

from typing import Any, Final

from saas.scope import connection, current
from tenants.audit.record import record

_READ: Final = "SELECT t.clerk_points, t.clerk_money, t.second_factor FROM tenant t WHERE t.tenant_id = $1"
_CHANGE: Final = "UPDATE tenant AS t SET clerk_points = $2, clerk_money = $3, second_factor = $4 WHERE t.tenant_id = $1"
# At each request the gate reads it beside the place: it counts at once, for sessions that are open, too.
_PLACES: Final = "UPDATE platform.account_tenant AS a SET second_factor = $2 WHERE a.tenant_id = $1"


async def rules() -> dict[str, Any]:
    """`clerk_points`, `clerk_money` (minor units), `second_factor`."""
    row: Any = await connection().fetchrow(_READ, current().tenant_id)
    return dict(row)


async def change_rules(
    *, clerk_points: int | None = None, clerk_money: int | None = None, second_factor: bool | None = None
) -> dict[str, Any]:
    """Changes what is given; counts from the next request on."""
    before = await rules()
    given = {"clerk_points": clerk_points, "clerk_money": clerk_money, "second_factor": second_factor}
    changed = {name: value for name, value in given.items() if value is not None and value != before[name]}
    if not changed:
        return before
    after = before | changed
    tenant_id = current().tenant_id
    await connection().execute(_CHANGE, tenant_id, after["clerk_points"], after["clerk_money"], after["second_factor"])
    await connection().execute(_PLACES, tenant_id, after["second_factor"])
    await record("staff.rules", f"tenant:{tenant_id}", changed)
    return after

"""What a simulation leaves behind, and how it goes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.nightly import skip_missed, this_night

REMOVE: Final = "simulations.remove"
REMOVE_SCHEDULE: Final = "simulations"
KEPT: Final = timedelta(days=7)

_OLD: Final = (
    "SELECT id FROM simulation WHERE tenant_id = $1 AND state <> 'running' AND created_at < now() - $2::interval"
)


async def forget(simulations: Sequence[UUID]) -> None:
    """Takes away what was counted of these simulations, of which nothing more comes."""
    for table in ("simulation_count", "simulation_move"):
        await connection().execute(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND simulation_id = ANY($2::uuid[])",
            current().tenant_id,
            simulations,
        )


async def remove_old(payload: dict[str, Any]) -> None:
    """The night's job: simulations of more than a week ago are gone, with their lists of members. Their jobs stay, with
    the result.
    """
    await skip_missed(payload.get("schedule", REMOVE_SCHEDULE), await this_night())
    old = [row["id"] for row in await connection().fetch(_OLD, current().tenant_id, KEPT)]
    if old:
        await forget(old)
        await connection().execute(
            "DELETE FROM simulation WHERE tenant_id = $1 AND id = ANY($2::uuid[])", current().tenant_id, old
        )

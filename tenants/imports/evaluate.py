"""Tiers, decided once for all that came in."""

from typing import Final
from uuid import UUID

from saas.scope import connection
from tenants.imports.context import Run
from tenants.tiers.recalculate import Request, start_recalculation

_LEFT: Final = (
    "r.tenant_id = $1 AND r.recalculation_id IS NULL AND r.imported + r.updated > 0"
    " AND NOT (r.options ->> 'dry_run')::boolean AND (r.state IN ('done', 'failed') OR r.id = $2)"
)
_SINCE: Final = (
    f"SELECT min(r.started_at) AS since, bool_or(r.kind = 'members') AS everybody FROM import_run r WHERE {_LEFT}"
)
_MARK: Final = f"UPDATE import_run AS r SET recalculation_id = $3 WHERE {_LEFT}"


async def evaluate_imports(run: Run) -> UUID | None:
    """Queues one recalculation for this import and for those before it that were left without one: it stopped
    half-way, or it asked for none. Returns its id; None: there is nothing new to decide.

    Facts touch their own members only. Members may bring another joining day, so everybody is looked at.
    """
    found = await connection().fetchrow(_SINCE, run.tenant_id, run.id)
    if found is None or found["since"] is None:
        return None
    since = None if found["everybody"] else found["since"]
    recalculation_id = await start_recalculation(Request(cause="import", facts_since=since))
    await connection().execute(_MARK, run.tenant_id, run.id, recalculation_id)
    return recalculation_id

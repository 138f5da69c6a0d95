"""Points for imported activities: what the rules give for their kind. The ledger knows which have theirs."""

from collections.abc import Sequence

from saas.scope import connection
from tenants.activities.earning import points_of_kind
from tenants.activities.fingerprint import fingerprint
from tenants.imports.accrue_sql import ACTIVITIES, ACTIVITIES_FOUND
from tenants.imports.activities_rows import ActivityRow
from tenants.imports.context import Context
from tenants.imports.crediting import Credit, credit, lock_holders
from tenants.programme.versions import programme


async def accrue_activities(rows: Sequence[ActivityRow], context: Context) -> int:
    """Gives points to the good rows' activities; answers how many. Raises RetryBatchError where a member was merged
    away meanwhile.
    """
    sent: dict[str, bytes] = {}
    for row in rows:
        if context.is_good(row.line):
            branch_id = context.branches.get(row.branch)
            sent.setdefault(row.external_id, fingerprint(row.kind, row.occurred_at, row.value, None, branch_id))
    found = await connection().fetch(ACTIVITIES_FOUND, context.tenant_id, list(sent), list(sent.values()))
    if not found:
        return 0
    clock = await lock_holders({row["holder_id"] for row in found}, context)
    rules = await programme(clock["programme_version"])
    activities = await connection().fetch(ACTIVITIES, context.tenant_id, [row["id"] for row in found])
    earned = [Credit(row, points) for row in activities if (points := points_of_kind(rules.points, row["kind"]))]
    if earned:
        await credit("activity", earned, rules, clock["now"], context)
    return sum(one.points for one in earned)

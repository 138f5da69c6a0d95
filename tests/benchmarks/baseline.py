"""What a recalculation is held against: the bare sums, and the bare write of what it decided."""

import time
from typing import Any, Final

from saas.scope import connection, tenant_scope
from tests.benchmarks.history import Made

# The batches' own settings. One hour: whatever a busy machine takes.
_SETTINGS: Final = "SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 0"
_TIMEOUT: Final = 3600

_GROUP_BY: Final = (
    "SELECT count(*) FROM (SELECT member_id, sum(spend), sum(purchases), max(max_purchase) FROM member_day"
    " WHERE tenant_id = $1 GROUP BY member_id) x"
)
_TIERS: Final = (
    "INSERT INTO bare_member_tier AS s SELECT * FROM member_tier WHERE tenant_id = $1"
    " ON CONFLICT (tenant_id, member_id, ladder) DO UPDATE SET tier = excluded.tier, rank = excluded.rank,"
    " since = excluded.since, reason = excluded.reason, valid_from = excluded.valid_from,"
    " valid_until = excluded.valid_until, fell_on = excluded.fell_on, decision_id = excluded.decision_id,"
    " effective_at = excluded.effective_at"
)


async def group_by(made: Made) -> float:
    """Seconds of the sums over every day row."""
    async with tenant_scope(made.tenant_id):
        await connection().execute(_SETTINGS)
        started = time.perf_counter()
        groups = await connection().fetchval(_GROUP_BY, made.tenant_id, timeout=_TIMEOUT)
        seconds = time.perf_counter() - started
    if not 0 < groups <= made.members:
        raise RuntimeError("the baseline doesn't see the chain")
    return seconds


async def make_copies(owner: Any) -> None:
    """Empty copies of the tables that a run writes."""
    for table in ("decision", "member_tier"):
        await copy_of(owner, table)


async def write(made: Made) -> float:
    """Seconds, COMMIT included, of writing the last run's decisions and tiers into the copies."""
    started = time.perf_counter()
    async with tenant_scope(made.tenant_id):
        await connection().execute(
            "INSERT INTO bare_decision AS k SELECT * FROM decision WHERE tenant_id = $1",
            made.tenant_id,
            timeout=_TIMEOUT,
        )
        await connection().execute(_TIERS, made.tenant_id, timeout=_TIMEOUT)
    return time.perf_counter() - started


async def copy_of(owner: Any, table: str) -> None:
    """An empty table with the same columns, checks, indexes, foreign keys, row security and fill factor."""
    options = await owner.fetchval("SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE relname = $1", table)
    keys = await owner.fetch(
        "SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'",
        table,
    )
    within = "USING (tenant_id = current_setting('app.tenant_id')::uuid)"
    await owner.execute(f"DROP TABLE IF EXISTS bare_{table}")
    await owner.execute(
        f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL) {f'WITH ({options})' if options else ''};"
        + "".join(f"ALTER TABLE bare_{table} ADD {row['key']};" for row in keys)
        + f"ALTER TABLE bare_{table} ENABLE ROW LEVEL SECURITY; CREATE POLICY tenant ON bare_{table} TO app {within};"
        f"GRANT SELECT, INSERT, UPDATE ON bare_{table} TO app"
    )

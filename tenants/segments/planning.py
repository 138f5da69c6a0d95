"""How PostgreSQL is to plan a statement over many members."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saas.scope import connection


@asynccontextmanager
async def planned_for_many() -> AsyncIterator[None]:
    """Within, statements are planned for their own values, with large hashes, one after the other on one processor,
    and without nested loops: before a new tenant's first ANALYZE ten thousand members are taken for one, and each would
    be compared with each.
    """
    await connection().execute(
        "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off;"
        " SET LOCAL max_parallel_workers_per_gather = 0"
    )
    yield
    # Not after an error: the transaction is over then, and the settings with it.
    await connection().execute(
        "SET LOCAL plan_cache_mode TO DEFAULT; SET LOCAL work_mem TO DEFAULT; SET LOCAL enable_nestloop TO DEFAULT;"
        " SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
    )

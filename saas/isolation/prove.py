"""The whole attack, from two new chains to what it found."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final
from uuid import UUID

from saas.isolation.attacks import cache, database, doors, foreign, jobs, links, lists
from saas.isolation.chains import Throwaway, erase_chains, settle, throwaway
from saas.isolation.furnishing.furnish import furnish
from saas.isolation.stage import Side, Stage
from saas.scope import connection, tenant_scope
from saas.worker import load_jobs

Step = Callable[[Stage], Awaitable[None]]

STEPS: Final[tuple[Step, ...]] = (
    doors.without_credentials,
    doors.at_the_wrong_door,
    doors.with_the_others_session,
    lists.without_naming_anything,
    lists.at_the_others_place,
    foreign.ids_of_the_other,
    jobs.rows_that_name_the_other,
    jobs.told_to_work_on_the_other,
    jobs.deliveries_of_the_other,
    links.of_the_other,
    database.by_statement,
    database.what_is_left,
    cache.in_the_cache,
    # From here on the victim acts itself.
    foreign.own_ids,
    foreign.requests_again,
    foreign.own_ids_deleted,
)
_MARKS: Final = ("7301", "7302", "7303")
"""What the names and numbers of the three chains end with."""


@asynccontextmanager
async def stage(app: Any, run_id: UUID) -> AsyncIterator[Stage]:
    """Two chains and the victim's twin, furnished alike; erased at the end, whatever happens."""
    load_jobs()
    try:
        async with AsyncExitStack() as stack:
            chains = [await stack.enter_async_context(throwaway(app, run_id)) for _ in _MARKS]
            ours, theirs, twin = [await _furnished(*one) for one in zip(chains, _MARKS, strict=True)]
            yield Stage(app, ours, theirs, twin)
    finally:
        await erase_chains(run_id)


async def _furnished(chain: Throwaway, mark: str) -> Side:
    made = await furnish(chain, partial(settle, chain.tenant_id), mark)
    async with tenant_scope(chain.tenant_id):  # a publish has set them again
        await connection().execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    await settle(chain.tenant_id)
    return Side(chain, made)


async def attack(on: Stage) -> None:
    """Every step; `on.record` has what was tried and what was found. Raises where a chain can't be attacked at all."""
    await on.look()
    for step in STEPS:
        await step(on)

"""Lets a chain's time go on as a scheduler and a worker would: every midnight that is due, one after the other, and
every morning that something waits for.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from saas.scheduler import drop_schedule, fire_due
from saas.scope import tenant_scope
from support.chains import Chain
from support.clock import owner, set_clock
from tenants.nightly import QUIET
from tenants.programme.versions import current_programme
from tenants.tiers.schedules import install_schedules

_NEXT = """
SELECT n.next_at FROM tenant t CROSS JOIN LATERAL (
    SELECT s.next_at FROM schedule s WHERE s.tenant_id = t.tenant_id
     UNION ALL
    SELECT o.next_at + t.clock_offset FROM outbox o
     WHERE o.tenant_id = t.tenant_id AND o.dead_at IS NULL AND o.next_at > clock_timestamp()) n
 WHERE t.tenant_id = $1 AND n.next_at <= $2 AND t.status NOT IN ('suspended', 'cancelled') ORDER BY n.next_at LIMIT 1"""
# A job that waits for another comes back after seconds of our own clock: a test doesn't wait for them.
_HASTEN = """
UPDATE outbox SET next_at = clock_timestamp()
 WHERE tenant_id = $1 AND next_at > clock_timestamp() AND next_at < clock_timestamp() + interval '10 minutes'"""


async def begin(chain: Chain, instant: datetime, zone: str) -> None:
    """The chain's clock begins here, as if it had signed up now: no night has been missed."""
    await set_clock(chain.tenant_id, instant)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    async with tenant_scope(chain.tenant_id):
        await install_schedules(await current_programme(), zone)
        for name in QUIET:  # they have tests of their own, and would come every night of all the others
            await drop_schedule(name)


async def work(chain: Chain, drain: Any) -> None:
    """Fires what is due and runs every job, until there is nothing left."""
    while True:
        fired = await fire_due(chain.tenant_id)
        done = await drain(chain.tenant_id)
        assert done.failed == done.dead == 0
        hastened = await (await owner()).execute(_HASTEN, chain.tenant_id)
        if not fired and not done.done and hastened == "UPDATE 0":
            return


async def pass_time(
    chain: Chain, drain: Any, until: datetime, *, proofs: bool = False, nights: Collection[str] | None = None
) -> None:
    """Stops at every midnight that fires something and every morning, works there, then sets the clock to `until`.

    Nights prove nothing on the way unless `proofs` are wanted: they have tests of their own. `nights`: the schedules
    that fire on the way, where most nights would bring the test nothing. The others are gone until a publish.
    """
    if not proofs:
        forget = "DELETE FROM schedule WHERE tenant_id = $1 AND name = 'proof'"
        await (await owner()).execute(forget, chain.tenant_id)
    if nights is not None:
        others = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> ALL ($2)"
        await (await owner()).execute(others, chain.tenant_id, list(nights))
    while (due := await (await owner()).fetchval(_NEXT, chain.tenant_id, until)) is not None:
        await set_clock(chain.tenant_id, due + timedelta(milliseconds=1))
        await work(chain, drain)
    await set_clock(chain.tenant_id, until)

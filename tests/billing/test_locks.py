"""Whoever settles a chain's account and whoever holds it take their locks in one order."""

import asyncio

from support.chains import Chain
from support.clock import owner

from saas.billing.settling import lock_copies, settle
from saas.operators.accounts import hold
from saas.scope import tenant_scope


async def test_held_while_a_job_settles_nobody_is_in_the_way(chain: Chain) -> None:
    """The job has its copy and not yet the chain's row when the operator comes."""
    tenant_id, locked, came = chain.tenant_id, asyncio.Event(), asyncio.Event()

    async def job() -> None:
        async with tenant_scope(tenant_id):
            await lock_copies()
            locked.set()
            await came.wait()
            await asyncio.sleep(0.1)
            await settle()

    async def operator() -> None:
        await locked.wait()
        came.set()
        await hold(tenant_id, held=True, reason="fraud")

    await asyncio.wait_for(asyncio.gather(job(), operator()), 20)
    sql = "SELECT status, held_by_operator FROM tenant WHERE tenant_id = $1"
    assert tuple(await (await owner()).fetchrow(sql, tenant_id) or ()) == ("suspended", True)

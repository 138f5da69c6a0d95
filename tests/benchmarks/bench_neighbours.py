"""What a full recalculation of one chain does to another chain's tills: purchases through HTTP, alone and beside it.

One server process with one worker, and relay and worker processes of their own, as installed. The recalculated chain is
so large that its run outlasts the load; a load that it didn't is not counted.
"""

import asyncio
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation
from tests.benchmarks.bench_purchase import CONNECTIONS, serving
from tests.benchmarks.bench_recalculation import reset
from tests.benchmarks.bench_value import load
from tests.benchmarks.history import Made, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

TILLS: Final = 10_000
LEAST: Final = 0.5
_BEGUN_SECONDS: Final = 30


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (1, 2) if options.quick else (6, 5)
    async with as_owner() as owner, pools():
        tills, large = await make_tenant(owner, TILLS), await make_tenant(owner, options.members)
        alone, beside = [], []
        async with serving(place) as port:
            await load(tills, port, 2, "amount", 0)
            with place.program("relay"), place.program("worker"):
                for _ in range(rounds):
                    alone.append(await load(tills, port, seconds, "amount", 0))
                    beside.append(await _beside(owner, tills, large, port, seconds))
                    say(f"alone {alone[-1]['per_second']:,.0f}/s, beside {beside[-1]['per_second']:,.0f}/s")
    return [_row(alone, beside, large)]


async def _beside(owner: Any, tills: Made, large: Made, port: int, seconds: float) -> dict[str, float]:
    await reset(owner)
    async with tenant_scope(large.tenant_id):
        run_id = await start_recalculation(Request("request"))
    for _ in range(_BEGUN_SECONDS * 10):
        if await _evaluated(large, run_id):
            break
        await asyncio.sleep(0.1)
    else:
        raise RuntimeError("the recalculation doesn't begin")
    found = await load(tills, port, seconds, "amount", 0)
    if await _evaluated(large, run_id) >= large.members:
        raise RuntimeError("the recalculation was through before the tills: take more members")
    while await _evaluated(large, run_id) < large.members:
        await asyncio.sleep(0.2)
    return found


async def _evaluated(made: Made, run_id: UUID) -> int:
    async with tenant_scope(made.tenant_id):
        evaluated: int = await connection().fetchval(
            "SELECT evaluated FROM recalculation WHERE tenant_id = $1 AND id = $2", made.tenant_id, run_id
        )
    return evaluated


def _row(alone: list[dict[str, float]], beside: list[dict[str, float]], large: Made) -> Row:
    ratios = [b["per_second"] / a["per_second"] for a, b in zip(alone, beside, strict=True)]
    rates = [median([one["per_second"] for one in results]) for results in (beside, alone)]
    slow = [median([one["p99_ms"] for one in results]) for results in (beside, alone)]
    return Row(
        f"Purchases of a chain while another's {large.members:,} members are recalculated; {CONNECTIONS} connections",
        f"{rates[0]:,.0f}/s (p99 {slow[0]:.0f} ms)",
        f"alone {rates[1]:,.0f}/s (p99 {slow[1]:.0f} ms)",
        f"{median(ratios):.2f} ({spread(ratios)})",
        f"> {LEAST}",
        median(ratios) > LEAST,
    )

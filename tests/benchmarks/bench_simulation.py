"""A simulation of everyone against a full recalculation of the same chain, in turn in one run.

Both begin where nobody was ever decided, so that the simulation moves as many members as the recalculation decides. The
simulation prices the purchases of 90 days besides, twice: by the draft, and by the rules in force.
"""

import json
import time
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, tenant_scope
from tests.benchmarks.bench_recalculation import in_process, reset
from tests.benchmarks.history import PROGRAMME, TODAY, Made, clear, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MOST: Final = 1.5
LINEAR: Final = 2.0
"""A hundred times as many members: what ten thousand of them read fits the processor's cache, a million's doesn't."""

_SMALL: Final = 100
_LEAST: Final = 10_000

_BOUGHT: Final = """
INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day, amount,
                      source, actor)
SELECT $1, d.member_id, $2, 1, d.member_id || d.day::text, d.day + time '12:00', d.day + time '12:00', d.day, d.spend,
       'api', 'bench'
  FROM member_day d WHERE d.tenant_id = $1 AND d.day > $3::date - 90 ORDER BY d.day, hashint8(d.spend)"""


async def bench(_place: Place, options: Options) -> list[Row]:
    rounds = 2 if options.quick else 3
    async with as_owner() as owner, pools():
        few = max(_LEAST, options.members // _SMALL)
        small, small_bought = await _chain(owner, few)
        small_seconds = [(await _round(owner, small))[0] for _ in range(rounds)]
        made, bought = await _chain(owner, options.members)
        full = [await _round(owner, made) for _ in range(rounds)]
        ours, theirs = [one[0] for one in full], [one[1] for one in full]
        ratios = [mine / run for mine, run in zip(ours, theirs, strict=True)]
        each = (median(ours) / made.members) / (median(small_seconds) / small.members)
        return [
            Row(
                f"Simulation: {made.members:,} members, {full[-1][2]:,} move, {bought:,} purchases priced twice",
                f"{median(ours):.1f} s",
                f"a full recalculation {median(theirs):.1f} s",
                f"{median(ratios):.2f} ({spread(ratios)})",
                f"≤ {MOST}",
                median(ratios) <= MOST,
            ),
            Row(
                f"… time a member, against {small.members:,} members with {small_bought:,} purchases",
                f"{median(ours) / made.members * 1e6:.1f} µs",
                f"{median(small_seconds) / small.members * 1e6:.1f} µs",
                f"{each:.2f}",
                f"linear (≤ {LINEAR})",
                each <= LINEAR,
            ),
        ]


async def _chain(owner: Any, members: int) -> tuple[Made, int]:
    """With the purchases of the last 90 days, and a draft whose tiers take off and multiply."""
    await clear(owner)
    made = await make_tenant(owner, members)
    await owner.execute(_BOUGHT, made.tenant_id, made.branch_id, TODAY, timeout=3600)
    await owner.execute("VACUUM (ANALYZE) purchase")
    bought: int = await owner.fetchval("SELECT count(*) FROM purchase WHERE tenant_id = $1", made.tenant_id)
    await owner.execute(
        "INSERT INTO programme_draft (tenant_id, document, revision, updated_by) VALUES ($1, $2::text::jsonb, 1, 'x')",
        made.tenant_id,
        json.dumps(_draft()),
    )
    await owner.execute(
        "UPDATE programme_version SET document = $2::text::jsonb WHERE tenant_id = $1",
        made.tenant_id,
        json.dumps(_with_benefits(0)),
    )
    say(f"simulation: {made.members:,} members, {bought:,} purchases")
    return made, bought


def _draft() -> dict[str, Any]:
    return {**_with_benefits(1), "version": 2}


def _with_benefits(more: int) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(PROGRAMME))
    document["points"] = {"per_unit": "1"}
    for tier in document["ladders"][0]["tiers"]:
        percent, multiplier = str(tier["rank"] * 3 + more), str(1 + tier["rank"])
        tier["benefits"] = [
            {"type": "discount", "percent": percent},
            {"type": "points_multiplier", "multiplier": multiplier},
        ]
    return document


async def _round(owner: Any, made: Made) -> tuple[float, float, int]:
    """Seconds of a simulation and of the recalculation after it, and how many members moved."""
    await reset(owner)
    await owner.execute("TRUNCATE simulation_move, simulation_count, simulation")
    ours, moved = await _simulated(made)
    await owner.execute("CHECKPOINT")
    run = await in_process(made)
    if moved != run.decisions:
        raise RuntimeError(f"{moved} would move, {run.decisions} did")
    say(f"simulation {ours:.1f} s, recalculation {run.seconds:.1f} s, {ours / run.seconds:.2f}; {moved:,} move")
    return ours, run.seconds, moved


async def _simulated(made: Made) -> tuple[float, int]:
    from saas.running import run_due
    from tenants.simulation.start import start_simulation

    started = time.perf_counter()
    async with tenant_scope(made.tenant_id):
        simulation_id: UUID = await start_simulation(None, {}, "now")
    while any(outcome != "gone" for outcome in await run_due(made.tenant_id)):
        pass
    seconds = time.perf_counter() - started
    async with tenant_scope(made.tenant_id):
        row = await connection().fetchrow(
            "SELECT * FROM simulation WHERE tenant_id = $1 AND id = $2", made.tenant_id, simulation_id
        )
    if row is None or row["state"] != "done" or row["evaluated"] != made.members:
        raise RuntimeError("the simulation didn't get through")
    return seconds, row["winners"] + row["losers"]

"""Recalculation against a bare GROUP BY over the day rows plus the bare write of the same decisions.

Both on the same tables, in turn, each right after a checkpoint; the baseline has the batches' settings and the
role's row security, and writes into copies of the tables with the same indexes and foreign keys.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation
from tests.benchmarks import baseline, dirty
from tests.benchmarks.history import Made, clear, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, Work, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MOST: Final = 1.2
MOST_DIRTY: Final = 0.05
FLAT: Final = 1.15

_RESULTS: Final = "decision, member_tier, recalculation, recalculation_batch, ladder_run, job, outbox"


@dataclass(frozen=True)
class Run:
    """One recalculation. `seconds` from its request to its end; `longest` batch, COMMIT included."""

    seconds: float
    longest: float
    decisions: int


async def bench(place: Place, options: Options) -> list[Row]:
    rounds = 2 if options.quick else 3
    async with as_owner() as owner, pools():
        await clear(owner)
        small = await make_tenant(owner, options.members // 10)
        _, small_memory = await _by_worker(place, small)
        await clear(owner)
        made = await make_tenant(owner, options.members)
        say(f"recalculation: {made.members:,} members, {made.day_rows:,} day rows")
        full = [await round_of(owner, made) for _ in range(rounds)]
        await reset(owner)
        by_worker, memory = await _by_worker(place, made)
        seconds = median([one.ours.seconds for one in full])
        return [
            *compared(made, full, "Full recalculation", most=MOST),
            _overhead(by_worker, seconds),
            _memory(small, small_memory, made, memory),
            *await _changed(owner, made, rounds, seconds),
        ]


@dataclass(frozen=True)
class Round:
    """A full run and, right after it, what it is held against: seconds, and CPU seconds of the database."""

    ours: Run
    ours_cpu: float
    group: float
    write: float
    bare_cpu: float

    @property
    def ratio(self) -> float:
        return self.ours.seconds / (self.group + self.write)


async def round_of(owner: Any, made: Made) -> Round:
    """A full run from the start, then its baselines."""
    work = Work()
    await reset(owner)
    await work.begin(owner)
    ours = await in_process(made)
    ours_cpu = await work.spent(owner)
    await owner.execute("CHECKPOINT")
    await work.begin(owner)
    group = await baseline.group_by(made)
    bare_cpu = await work.spent(owner)
    await owner.execute("CHECKPOINT")
    await baseline.make_copies(owner)
    await work.begin(owner)
    write = await baseline.write(made)
    found = Round(ours, ours_cpu, group, write, bare_cpu + await work.spent(owner))
    say(
        f"full: {ours.seconds:.1f} s (CPU {ours_cpu:.1f} s); GROUP BY {group:.1f} s + write {write:.1f} s"
        f" (CPU {found.bare_cpu:.1f} s); {found.ratio:.2f}"
    )
    return found


def compared(made: Made, full: list[Round], what: str, *, most: float | None) -> list[Row]:
    """The rows of full runs; `most` is the ratio that was promised, if one was."""
    ratios = [one.ratio for one in full]
    decisions = full[-1].ours.decisions
    return [
        Row(
            f"{what}: {made.members:,} members, {made.day_rows:,} day rows, {decisions:,} decisions",
            f"{median([one.ours.seconds for one in full]):.1f} s",
            f"GROUP BY {median([one.group for one in full]):.1f} s + write {median([one.write for one in full]):.1f} s",
            f"{median(ratios):.2f} ({spread(ratios)})",
            "" if most is None else f"≤ {most}",
            None if most is None else median(ratios) <= most,
        ),
        Row(
            "… CPU time of the database for it",
            f"{median([one.ours_cpu for one in full]):.1f} s",
            f"{median([one.bare_cpu for one in full]):.1f} s",
            f"{median([one.ours_cpu / one.bare_cpu for one in full]):.2f}",
            "",
            None,
        ),
        Row("… its longest batch of 10,000", f"{max(one.ours.longest for one in full):.2f} s", "", "", "", None),
    ]


async def in_process(made: Made) -> Run:
    """By the worker's own code, without its process."""
    from saas.running import run_due

    started = time.perf_counter()
    run_id = await _request(made)
    longest, outcomes = 0.0, ["done"]
    while any(outcome != "gone" for outcome in outcomes):
        began = time.perf_counter()
        outcomes = [str(outcome) for outcome in await run_due(made.tenant_id)]
        longest = max(longest, time.perf_counter() - began)
    return Run(time.perf_counter() - started, longest, await _finished(made, run_id))


async def _request(made: Made) -> UUID:
    async with tenant_scope(made.tenant_id):
        return await start_recalculation(Request("request"))


async def _finished(made: Made, run_id: UUID) -> int:
    """How many decisions it made. Raises where it isn't through with everyone it was about."""
    async with tenant_scope(made.tenant_id):
        run = await connection().fetchrow(
            "SELECT * FROM recalculation WHERE tenant_id = $1 AND id = $2", made.tenant_id, run_id
        )
    if run is None or run["finished_at"] is None:
        raise RuntimeError("the recalculation didn't finish")
    if run["incremental_from"] is None and run["evaluated"] != made.members:
        raise RuntimeError(f"evaluated {run['evaluated']} of {made.members}")
    return int(run["upgraded"] + run["renewed"] + run["downgraded"])


async def _by_worker(place: Place, made: Made) -> tuple[Run, int]:
    """Through a relay and a worker of its own, as installed; with the worker's peak memory in KiB."""
    with place.program("relay"), place.program("worker") as worker:
        await asyncio.sleep(2)
        started = time.perf_counter()
        run_id = await _request(made)
        while not await _through(made, run_id):
            if worker.poll() is not None or time.perf_counter() - started > 1200:  # 20 minutes
                raise RuntimeError("the worker doesn't get through")
            await asyncio.sleep(0.2)
        seconds = time.perf_counter() - started
        status = await asyncio.to_thread(Path(f"/proc/{worker.pid}/status").read_text)
    peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    say(f"worker: {made.members:,} members in {seconds:.1f} s, peak {peak / 1024:.0f} MiB")
    return Run(seconds, 0.0, await _finished(made, run_id)), peak


async def _through(made: Made, run_id: UUID) -> bool:
    async with tenant_scope(made.tenant_id):
        through: bool = await connection().fetchval(
            "SELECT finished_at IS NOT NULL FROM recalculation WHERE tenant_id = $1 AND id = $2",
            made.tenant_id,
            run_id,
        )
    return through


async def reset(owner: Any) -> None:
    """As before any run; what the last one left behind of numbers is cleaned up, as autovacuum would."""
    await owner.execute(f"TRUNCATE {_RESULTS}")
    await owner.execute("VACUUM (ANALYZE) member, member_number")
    await owner.execute("CHECKPOINT")


def _memory(small: Made, small_peak: int, made: Made, peak: int) -> Row:
    return Row(
        f"Worker's peak memory, {made.members:,} members against {small.members:,}",
        f"{peak / 1024:.0f} MiB",
        f"{small_peak / 1024:.0f} MiB",
        f"{peak / small_peak:.2f}",
        f"flat (≤ {FLAT})",
        peak / small_peak <= FLAT,
    )


def _overhead(by_worker: Run, in_process: float) -> Row:
    return Row(
        "… through relay and worker processes, from the request on",
        f"{by_worker.seconds:.1f} s",
        f"in one process {in_process:.1f} s",
        f"{by_worker.seconds / in_process:.2f}",
        "",
        None,
    )


async def _changed(owner: Any, made: Made, rounds: int, full: float) -> list[Row]:
    """One member in a hundred has bought something since, on the same day."""
    runs = []
    for n in range(rounds):
        await dirty.buy(owner, made, n)
        await owner.execute("CHECKPOINT")
        runs.append(await in_process(made))
        say(f"changed: {runs[-1].seconds:.2f} s, {runs[-1].decisions:,} decisions")
    await owner.execute("CHECKPOINT")
    whole = await _whole_again(owner, made)
    seconds = median([r.seconds for r in runs])
    return [
        Row(
            f"1 % of the members changed on the same day ({made.members // 100:,})",
            f"{seconds:.2f} s",
            f"a full run {full:.1f} s",
            f"{seconds / full:.3f}",
            f"< {MOST_DIRTY}",
            seconds / full < MOST_DIRTY,
        ),
        Row(
            "A full run that finds nothing to decide",
            f"{whole.seconds:.1f} s",
            f"GROUP BY {await baseline.group_by(made):.1f} s",
            "",
            "",
            None,
        ),
    ]


async def _whole_again(owner: Any, made: Made) -> Run:
    """Everyone once more, as after midnight: nobody's record of an earlier run is left to go by."""
    await owner.execute("DELETE FROM ladder_run WHERE tenant_id = $1", made.tenant_id)
    return await in_process(made)

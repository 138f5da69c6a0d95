"""A purchase that is discounted, uses a coupon, is paid from the wallet and earns, beside a plain one of the same
basket; and one that is paid with points, too.

All go through HTTP, with as many connections and one worker, in turn.
"""

import asyncio
import itertools
import json
import subprocess
import sys
from typing import Final

from tests.benchmarks.bench_purchase import CONNECTIONS, serving
from tests.benchmarks.history import Made, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.purses import fill_purses
from tests.benchmarks.table import Row, median, spread

MEMBERS: Final = 2_000
COUPONS: Final = 60
LEAST: Final = 0.60
_runs = itertools.count(5000)


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (2, 2) if options.quick else (3, 13)  # often in turn: whatever else the machine does hits both
    async with as_owner() as owner, pools():
        plain, rich = await make_tenant(owner, MEMBERS), await make_tenant(owner, MEMBERS)
        await fill_purses(owner, rich, COUPONS)
        async with serving(place) as port:
            return await _compare(plain, rich, port, seconds, rounds)


async def _compare(plain: Made, rich: Made, port: int, seconds: int, rounds: int) -> list[Row]:
    following = 0
    found: dict[str, list[dict[str, float]]] = {sale: [] for sale in ("basket", "value", "points")}
    for turn in range(rounds + 1):
        for sale, results in found.items():
            made = plain if sale == "basket" else rich
            result = await load(made, port, seconds if turn else 2, sale, following)
            following = int(result["next"])
            if turn:  # the first is to warm up
                results.append(result)
        if turn:
            say(", ".join(f"{sale} {results[-1]['per_second']:,.0f}/s" for sale, results in found.items()))
    return [
        _row("A purchase with discount, coupon and wallet that earns", found["value"], found["basket"], LEAST),
        _row("… paid with points, too", found["points"], found["basket"], None),
    ]


def _row(what: str, ours: list[dict[str, float]], plain: list[dict[str, float]], least: float | None) -> Row:
    ratios = [a["per_second"] / b["per_second"] for a, b in zip(ours, plain, strict=True)]
    rate, slowest = (median([result[name] for result in ours]) for name in ("per_second", "p99_ms"))
    return Row(
        f"{what}; {CONNECTIONS} connections, one worker",
        f"{rate:,.0f}/s (p99 {slowest:.0f} ms)",
        f"the same basket, plain {median([result['per_second'] for result in plain]):,.0f}/s",
        f"{median(ratios):.2f} ({spread(ratios)})",
        "" if least is None else f"≥ {least:.2f}",
        None if least is None else median(ratios) >= least,
    )


async def load(made: Made, port: int, seconds: float, sale: str, first: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load", "--port", str(port), "--key", made.key]
    command += ["--branch", str(made.branch_id), "--members", str(made.members), "--run", str(next(_runs))]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(seconds), "--first", str(first), "--sale", sale]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    if process.returncode:
        raise RuntimeError("the load failed")
    found: dict[str, float] = json.loads(said)
    return found

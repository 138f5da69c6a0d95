"""A purchase that is discounted, uses a coupon, is paid with points and from the wallet and earns, beside a plain one.

Both go through HTTP, with as many connections and one worker, in turn.
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
COUPONS: Final = 40
LEAST: Final = 0.60
_runs = itertools.count(5000)


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (2, 2) if options.quick else (3, 13)  # often in turn: whatever else the machine does hits both
    async with as_owner() as owner, pools():
        plain, rich = await make_tenant(owner, MEMBERS), await make_tenant(owner, MEMBERS)
        await fill_purses(owner, rich, COUPONS)
        async with serving(place) as port:
            return [await _compare(plain, rich, port, seconds, rounds)]


async def _compare(plain: Made, rich: Made, port: int, seconds: int, rounds: int) -> Row:
    await _load(plain, port, 2)
    following = int((await _load(rich, port, 2, full=True))["next"])
    ours, theirs, slowest = [], [], []
    for _ in range(rounds):
        theirs.append((await _load(plain, port, seconds))["per_second"])
        result = await _load(rich, port, seconds, full=True, first=following)
        following = int(result["next"])
        ours.append(result["per_second"])
        slowest.append(result["p99_ms"])
        say(f"value: {ours[-1]:,.0f}/s, plain {theirs[-1]:,.0f}/s")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        f"A purchase with discount, coupon, points and wallet; {CONNECTIONS} connections, one worker",
        f"{median(ours):,.0f}/s (p99 {median(slowest):.0f} ms)",
        f"a plain one {median(theirs):,.0f}/s",
        f"{median(ratios):.2f} ({spread(ratios)})",
        f"≥ {LEAST:.2f}",
        median(ratios) >= LEAST,
    )


async def _load(made: Made, port: int, seconds: float, *, full: bool = False, first: int = 0) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load", "--port", str(port), "--key", made.key]
    command += ["--branch", str(made.branch_id), "--members", str(made.members), "--run", str(next(_runs))]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(seconds), "--first", str(first)]
    process = await asyncio.create_subprocess_exec(*command, *(["--full"] if full else []), stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    if process.returncode:
        raise RuntimeError("the load failed")
    found: dict[str, float] = json.loads(said)
    return found

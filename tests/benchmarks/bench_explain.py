"""An explanation through HTTP against a read of the same member, both in turn over one connection to one worker."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from typing import Final

from saas.scope import tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation
from tests.benchmarks.bench_purchase import serving
from tests.benchmarks.history import FIRST_MEMBER, Made, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MEMBERS: Final = 2_000
MOST: Final = 3.0
_SIDES: Final = ("", "/tier")


async def bench(place: Place, options: Options) -> list[Row]:
    count, rounds = (50, 2) if options.quick else (400, 7)
    async with as_owner() as owner, pools():
        made = await make_tenant(owner, MEMBERS)
        async with tenant_scope(made.tenant_id):
            await start_recalculation(Request("request"))
        await _drain(made)
        await owner.execute("VACUUM (ANALYZE) member, member_tier, decision, member_total, member_month, member_day")
        async with serving(place) as port:
            return await _compare(made, port, count, rounds)


async def _drain(made: Made) -> None:
    from saas.running import drain

    await drain(made.tenant_id)


async def _compare(made: Made, port: int, count: int, rounds: int) -> list[Row]:
    connection = await asyncio.open_connection("127.0.0.1", port)
    members = itertools.cycle(range(made.members))
    for side in _SIDES:
        await _seconds(connection, made, itertools.islice(members, 100), side)  # prepares the statements
    took: dict[str, list[float]] = {side: [] for side in _SIDES}
    for _ in range(rounds):
        who = list(itertools.islice(members, count))
        for side in _SIDES:
            took[side].append(await _seconds(connection, made, iter(who), side) / count)
        say(f"explain: {took['/tier'][-1] * 1000:.2f} ms, a member {took[''][-1] * 1000:.2f} ms")
    connection[1].close()
    ratios = [a / b for a, b in zip(took["/tier"], took[""], strict=True)]
    ours, theirs = (f"{median(took[side]) * 1000:.2f} ms" for side in reversed(_SIDES))
    what = "An explanation of a member's tier through HTTP, one connection, one worker"
    baseline = f"the same member read {theirs}"
    return [
        Row(what, ours, baseline, f"{median(ratios):.2f} ({spread(ratios)})", f"≤ {MOST:.0f}", median(ratios) <= MOST)
    ]


async def _seconds(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], made: Made, members: Iterator[int], side: str
) -> float:
    """How long the answers take, one after the other."""
    started = time.perf_counter()
    for number in members:
        path = f"/v1/members/00000000-0000-7000-8000-{FIRST_MEMBER + number}{side}"
        await _get(connection, path, made.key)
    return time.perf_counter() - started


async def _get(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str, key: str) -> None:
    reader, writer = connection
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if " 200 " not in head.split("\r\n", 1)[0]:
        raise RuntimeError(head)
    length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(int(length.partition(":")[2]))

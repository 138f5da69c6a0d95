"""Purchases over one connection: each by itself against a thousand a request, in turn, on the same chain."""

import asyncio
import itertools
import json
import random
import time
from typing import Any, Final

from tests.benchmarks.bench_purchase import serving
from tests.benchmarks.history import FIRST_MEMBER, Made, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MEMBERS: Final = 10_000
LEAST: Final = 8.0
SIZES: Final = (1_000, 100)
_numbers = itertools.count(1)


async def bench(place: Place, options: Options) -> list[Row]:
    singles, rounds = (100, 2) if options.quick else (400, 7)
    async with as_owner() as owner, pools():
        made = await make_tenant(owner, MEMBERS)
        await owner.execute("VACUUM (ANALYZE) member, member_number, member_tier, purchase")
        async with serving(place) as port:
            connection = await asyncio.open_connection("127.0.0.1", port)
            found: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
            for turn in range(rounds + 1):
                for size in SIZES:
                    alone = await _rate(connection, made, singles, 1)
                    many = await _rate(connection, made, 2_000, size)
                    if turn:  # the first ones prepare statements
                        found[size].append((many, alone))
                    say(f"batch: {many:,.0f}/s in batches of {size:,}, {alone:,.0f}/s one by one")
            connection[1].close()
    return [_row(size, pairs) for size, pairs in found.items()]


def _row(size: int, pairs: list[tuple[float, float]]) -> Row:
    ratios = [many / alone for many, alone in pairs]
    promised = size == SIZES[0]
    return Row(
        f"Purchases over one connection, {size:,} a request, each with its outcome, event and tiers",
        f"{median([many for many, _ in pairs]):,.0f}/s",
        f"one a request {median([alone for _, alone in pairs]):,.0f}/s",
        f"{median(ratios):.1f} ({spread(ratios)})",
        f"≥ {LEAST:.0f}" if promised else "",
        median(ratios) >= LEAST if promised else None,
    )


async def _rate(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], made: Made, count: int, size: int
) -> float:
    """Purchases a second, each of any member: so many in a batch have some twice."""
    chance = random.Random(next(_numbers))  # noqa: S311  # no secret
    bodies = [[_sale(made, chance) for _ in range(min(size, count))] for _ in range(max(count // size, 1))]
    started = time.perf_counter()
    for items in bodies:
        answer = await _post(connection, made.key, items if size > 1 else items[0])
        if any(one["status"] != 201 for one in answer.get("data", ())):
            raise RuntimeError("a purchase was refused")
    return sum(map(len, bodies)) / (time.perf_counter() - started)


def _sale(made: Made, chance: random.Random) -> dict[str, Any]:
    return {
        "member_id": f"00000000-0000-7000-8000-{FIRST_MEMBER + chance.randrange(made.members)}",
        "branch_id": str(made.branch_id),
        "external_id": f"B{next(_numbers):09d}",
        "amount": chance.randrange(1_000, 10_000),
        "external_amounts": True,
    }


async def _post(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], key: str, sent: Any) -> Any:
    reader, writer = connection
    path = "/v1/purchases:batch" if isinstance(sent, list) else "/v1/purchases"
    body = json.dumps({"items": sent} if isinstance(sent, list) else sent).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    told = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if not told.startswith(("http/1.1 200", "http/1.1 201")):
        raise RuntimeError(told)
    length = next(line for line in told.split("\r\n") if line.startswith("content-length:"))
    return json.loads(await reader.readexactly(int(length.partition(":")[2])))

"""What counting requests costs a member's read, and how such a read compares with handlers that do nothing.

Two servers of one worker each, the limiter on and off, read in turn. The keys are of many chains, since none may send
as much as one server answers. The processor seconds that server and database spend are told beside the rates: other
people's load doesn't count there.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from uuid_utils.compat import uuid7

from saas.local.process import free_port
from saas.local.readiness import answers_ready
from tests.benchmarks.history import make_chain
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, Work, as_owner, pools
from tests.benchmarks.table import Row, median, spread

CONNECTIONS: Final = 16
CHAINS: Final = 64
MOST: Final = 0.05
LEAST: Final = 0.40
_MEMBER: Final = (
    "INSERT INTO member (tenant_id, id, joined_on, source, created_at, name, phone, branch_id)"
    " VALUES ($1, $2, '2024-01-01', 'import', now(), 'Lin Yi', '+8613800000001', $3)"
)


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (1, 3) if options.quick else (4, 9)
    async with as_owner() as owner, pools():
        keys, paths = await _chains(owner)
        async with _serving(place, "yes") as limited, _serving(place, "no") as free:
            reads = [list(pair) for pair in zip(keys, paths, strict=True)]
            empty, bare = ([[key, f"/bench/{name}"] for key in keys] for name in ("empty", "bare"))
            kinds = {
                "read": (limited, reads),
                "uncounted": (free, reads),
                "empty": (limited, empty),
                "bare": (limited, bare),
            }
            found: dict[str, list[_Cost]] = {kind: [] for kind in kinds}
            for turn in range(rounds + 1):
                for kind, (server, asked) in kinds.items():
                    cost = await _measured(owner, server, asked, seconds)
                    if turn:
                        found[kind].append(cost)
            for kind, costs in found.items():
                say(f"limiter: {kind} {_rate(costs):,.0f}/s, {_told(costs)}")
    return [_limiter(found), _reading(found, "empty", LEAST), _reading(found, "bare", None)]


@dataclass(frozen=True)
class _Cost:
    """Requests a second, and microseconds of processor that one takes of the server and of the database."""

    rate: float
    server: float
    database: float


async def _measured(owner: Any, server: tuple[int, int], asked: list[list[str]], seconds: float) -> _Cost:
    work = Work()
    await work.begin(owner)
    spent = _cpu(server[1])
    rate = await _load(server[0], asked, seconds)
    spent = _cpu(server[1]) - spent
    requests = rate * (seconds + 0.5) / 1e6  # with the warm-up
    return _Cost(rate, spent / requests, await work.spent(owner) / requests)


def _rate(costs: list[_Cost]) -> float:
    return median([cost.rate for cost in costs])


def _told(costs: list[_Cost]) -> str:
    server, database = median([cost.server for cost in costs]), median([cost.database for cost in costs])
    return f"{server:.0f} µs of processor, the database {database:.0f}"


def _limiter(found: dict[str, list[_Cost]]) -> Row:
    on, off = found["read"], found["uncounted"]
    ratios = [a.rate / b.rate for a, b in zip(on, off, strict=True)]
    more = median([one.server + one.database for one in on]) / median([one.server + one.database for one in off]) - 1
    return Row(
        f"Reading a member with its request counted; {CONNECTIONS} connections, one worker",
        f"{_rate(on):,.0f}/s",
        f"uncounted {_rate(off):,.0f}/s",
        f"{median(ratios):.2f} ({spread(ratios)}); {more:+.1%} of processor",
        f"< {MOST:.0%} more",
        more < MOST,
    )


_NOTHING: Final = {"empty": "a handler that does nothing", "bare": "one that has no transaction either"}


def _reading(found: dict[str, list[_Cost]], beside: str, least: float | None) -> Row:
    ours, theirs = found["read"], found[beside]
    ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
    return Row(
        f"Reading a member through HTTP; {CONNECTIONS} connections, one worker",
        f"{_rate(ours):,.0f}/s ({_told(ours)})",
        f"{_NOTHING[beside]}, behind the same key and limiter {_rate(theirs):,.0f}/s ({_told(theirs)})",
        f"{median(ratios):.2f} ({spread(ratios)})",
        "" if least is None else f"≥ {least:.2f}",
        None if least is None else median(ratios) >= least,
    )


async def _chains(owner: Any) -> tuple[list[str], list[str]]:
    keys, paths = [], []
    for _ in range(CHAINS):
        tenant_id, branch_id, member_id = uuid7(), uuid7(), uuid7()
        keys.append(await make_chain(owner, tenant_id, branch_id))
        await owner.execute(
            "UPDATE tenant SET plan = 'chain', plan_revision = '2026-11' WHERE tenant_id = $1", tenant_id
        )
        await owner.execute(_MEMBER, tenant_id, member_id, branch_id)
        paths.append(f"/v1/members/{member_id}")
    return keys, paths


@asynccontextmanager
async def _serving(place: Place, rate_limits: str) -> AsyncIterator[tuple[int, int]]:
    """A server of one worker, ready: its port and process."""
    port = free_port()
    environment = {**os.environ, **place.environ, "RATE_LIMITS": rate_limits}
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--port", str(port)]
    command += ["--no-ws", "--factory", "tests.benchmarks.empty:create_app"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220, S603  # ours
    try:
        while not await answers_ready("127.0.0.1", port):
            if process.poll() is not None:
                raise RuntimeError("the server ended")
            await asyncio.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(15)


async def _load(port: int, asked: list[list[str]], seconds: float) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.reads", "--port", str(port), "--seconds", str(seconds)]
    command += ["--connections", str(CONNECTIONS)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), seconds + 30)
    if process.returncode:
        raise RuntimeError("the load failed")
    found: float = json.loads(said)["per_second"]
    return found


def _cpu(pid: int) -> float:
    """Processor seconds of a process and its workers so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_own_cpu(one) for one in (str(pid), *children))


def _own_cpu(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""A purchase through HTTP against pgbench doing the same writes and reads in as many round trips.

One server process with one worker, as `regulars serve` runs it, and sixteen connections that never wait. Runs
alternate, ours and pgbench's, on the same chain in the same tables.
"""

import asyncio
import itertools
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from saas.local.process import free_port
from saas.local.readiness import answers_ready
from saas.scope import tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation
from tests.benchmarks import pgbench
from tests.benchmarks.history import FIRST_MEMBER, Made, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.round_trips import counted
from tests.benchmarks.table import Row, median, spread

CONNECTIONS: Final = 16
MEMBERS: Final = 10_000
LEAST: Final = 0.30
MOST_TRIPS: Final = 5

_runs = itertools.count(1)


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (2, 2) if options.quick else (8, 5)
    async with as_owner() as owner, pools():
        made = await make_tenant(owner, MEMBERS)
        async with tenant_scope(made.tenant_id):
            await start_recalculation(Request("request"))
        await _drain(made)
        await owner.execute("VACUUM (ANALYZE) member, member_tier, decision, member_total, member_month, member_day")
        rows = [await _round_trips(made)]
        async with serving(place) as port:
            rows += [await _compare(place, owner, made, port, keyed, seconds, rounds) for keyed in (False, True)]
    return rows


async def _drain(made: Made) -> None:
    from saas.running import drain

    await drain(made.tenant_id)


async def _compare(place: Place, owner: Any, made: Made, port: int, keyed: bool, seconds: int, rounds: int) -> Row:
    script = pgbench.purchase_script(made, keyed=keyed)
    await _load(made, port, keyed, 2)
    await pgbench.run(place, script, name=f"warm{next(_runs)}", clients=CONNECTIONS, seconds=1)
    ours, theirs, slowest = [], [], []
    for _ in range(rounds):
        result = await _load(made, port, keyed, seconds)
        ours.append(result["per_second"])
        slowest.append(result["p99_ms"])
        before = await _purchases(owner, made)
        outcome = await pgbench.run(place, script, name=f"run{next(_runs)}", clients=CONNECTIONS, seconds=seconds)
        if await _purchases(owner, made) - before != outcome.transactions:
            raise RuntimeError("pgbench's script doesn't write what it counts")
        theirs.append(outcome.per_second)
        say(f"purchase: {ours[-1]:,.0f}/s (p50 {result['p50_ms']:.1f} ms), pgbench {theirs[-1]:,.0f}/s")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        f"A purchase through HTTP{', with an idempotency key' if keyed else ''}; {CONNECTIONS} connections, one worker",
        f"{median(ours):,.0f}/s (p99 {median(slowest):.0f} ms)",
        f"pgbench {median(theirs):,.0f}/s",
        f"{median(ratios):.2f} ({spread(ratios)})",
        f"≥ {LEAST:.2f}",
        median(ratios) >= LEAST,
    )


async def _purchases(owner: Any, made: Made) -> int:
    count: int = await owner.fetchval("SELECT count(*) FROM purchase WHERE tenant_id = $1", made.tenant_id)
    return count


async def _load(made: Made, port: int, keyed: bool, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load", "--port", str(port), "--key", made.key]
    command += ["--branch", str(made.branch_id), "--members", str(made.members), "--run", str(next(_runs))]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(seconds), *(["--keyed"] if keyed else [])]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    if process.returncode:
        raise RuntimeError("the load failed")
    found: dict[str, float] = json.loads(said)
    return found


@asynccontextmanager
async def serving(place: Place) -> AsyncIterator[int]:
    """`regulars serve` with one worker, ready; its port."""
    port = free_port()
    with place.program("serve", "--port", str(port)) as process:
        while not await answers_ready("127.0.0.1", port):
            if process.poll() is not None:
                raise RuntimeError("the server ended")
            await asyncio.sleep(0.1)
        yield port


async def _round_trips(made: Made) -> Row:
    """The most that any kind of purchase takes, once its statements are prepared and its key is known."""
    from saas.app import create_app

    found: dict[str, int] = {}
    app: Any = create_app()
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {made.key}"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as http,
        counted() as trips,
    ):
        members = itertools.count(FIRST_MEMBER)
        for what, amount, keyed in itertools.chain(_KINDS, _KINDS):  # the first time prepares
            trips.reset()
            answer = await http.post(
                "/v1/purchases",
                json={
                    "member_id": f"00000000-0000-7000-8000-{next(members)}",
                    "branch_id": str(made.branch_id),
                    "external_id": secrets.token_hex(8),
                    "amount": amount,
                    "external_amounts": True,
                },
                headers={"Idempotency-Key": secrets.token_hex(8)} if keyed else {},
            )
            if answer.status_code != 201 or (answer.json()["decision_id"] is None) == ("decision" in what):
                raise RuntimeError(f"not the purchase that was meant: {answer.text}")
            found[what] = trips.count
    most = max(found.values())
    told = ", ".join(f"{what} {count}" for what, count in found.items())
    return Row(
        f"Round trips of a purchase, BEGIN and COMMIT included: {told}",
        str(most),
        "",
        "",
        f"≤ {MOST_TRIPS}",
        most <= MOST_TRIPS,
    )


_KINDS: Final = (
    ("plain", 100, False),
    ("with a key", 100, True),
    ("with a decision", 600_000, False),
    ("with a decision and a key", 600_000, True),
)

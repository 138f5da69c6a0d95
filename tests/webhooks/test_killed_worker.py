"""A real worker sends webhooks beside its jobs, and is really killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from receiver import Receiver, receiving
from sending_out import endpoint, happen, log_of
from support.chains import Chain
from support.clock import owner

SCRIPT = Path(__file__).parents[1] / "saas" / "job_process.py"
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts a worker; what is left at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def launch() -> subprocess.Popen[bytes]:
        env = {**os.environ, **environ, "PYTHONPATH": str(SCRIPT.parents[2])}
        started.append(subprocess.Popen([sys.executable, str(SCRIPT), "worker"], env=env))  # noqa: S603 - our own script
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.wait()


async def heard(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(60):
        while len(receiver.heard) < count:
            await asyncio.sleep(0.02)


async def test_a_worker_killed_while_it_waits_for_answers_loses_none(clean: Chain, start: Start) -> None:
    never = asyncio.Event()

    async def hang() -> int:
        await never.wait()
        return 200

    async with receiving(answers=[200, *[hang] * 8]) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, *["member.created"] * 30, deliver=False)
        victim = start()
        await heard(receiver, 9)  # as many in the air as there may be
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        # As if its leases had ended.
        await (await owner()).execute(
            "UPDATE webhook_delivery SET next_at = clock_timestamp() WHERE tenant_id = $1 AND state = 'waiting'",
            clean.tenant_id,
        )
        start()
        async with asyncio.timeout(60):
            while {one["state"] for one in await log_of(clean, made)} != {"delivered"}:
                await asyncio.sleep(0.05)
        never.set()
    assert set(receiver.ids) == {one["event_id"] for one in await log_of(clean, made)}
    assert len(set(receiver.ids)) == 30
    assert len(receiver.ids) >= 38  # those in the air came twice

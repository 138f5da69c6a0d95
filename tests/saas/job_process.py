"""A worker, relay or scheduler as a process of its own, with the jobs that the crash tests use."""

import asyncio
import sys
from typing import Any

from outbox_support import mark

from saas import relay, scheduler, worker
from saas.jobs import job
from saas.logs import configure_logging
from saas.outbox import enqueue


@job("crash.slow")
async def slow(payload: dict[str, Any]) -> None:
    """Writes, then takes its time: there is a middle to be killed in."""
    await mark(payload)
    await asyncio.sleep(payload["seconds"])


@job("crash.chain")
async def chain(payload: dict[str, Any]) -> None:
    """One short batch; the next is another job."""
    await mark(payload)
    if payload["n"] < payload["last"]:
        await enqueue("crash.chain", {**payload, "n": payload["n"] + 1}, direct=True)


def main(what: str) -> None:
    configure_logging("console", "WARNING")
    match what:
        case "worker":
            worker.run(())
        case "relay":
            relay.run()
        case "scheduler":
            scheduler.run()


if __name__ == "__main__":
    main(sys.argv[1])

"""The worker: a composition root. Takes messages from the broker and runs their outbox rows."""

import asyncio
import importlib
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import Broker
from dramatiq.middleware import AsyncIO, Middleware, MiddlewareError
from prometheus_client import start_http_server

from saas.broker import ACTOR, QUEUE, Delivery, get_broker
from saas.db import close_pools, open_pool
from saas.garbage import keep_what_is_loaded
from saas.loops import AWAY, repeat
from saas.running import run_job
from saas.settings import get_settings

log = logging.getLogger(__name__)

# Every module that registers jobs or schedules. A missing one fails the start, not the first job.
JOB_MODULES: Final[tuple[str, ...]] = (
    "tenants.tiers.jobs",
    "tenants.programme.jobs",
    "tenants.imports.batch",
    "tenants.exports.jobs",
    "tenants.member_pages.bulk",
    "tenants.referrals.jobs",
    "tenants.points.jobs",
    "tenants.coupons.jobs",
    "tenants.gifts.jobs",
    "tenants.messages.handing",
    "tenants.webhooks.fanning",
    "tenants.webhooks.replay",
    "tenants.campaigns.jobs",
    "tenants.tasks.jobs",
    "tenants.tasks.following",
    "tenants.segments.following",
    "tenants.proofs.jobs",
    "tenants.reports.jobs",
    "tenants.simulation.jobs",
    "saas.mail.sending",
    "saas.samples.making",
    "saas.samples.removing",
    "saas.sandbox.making",
    "saas.sandbox.removing",
    "saas.beside.following",
    "saas.sandbox.playing",
    "saas.billing.carrying",
    "saas.billing.changing",
    "saas.billing.checkout",
    "saas.billing.dates",
    "saas.billing.doubles",
    "saas.billing.downgrading",
    "saas.billing.ending",
    "saas.billing.events",
    "saas.billing.paying",
    "saas.billing.profile",
    "saas.billing.reconcile",
    "saas.billing.usage.reporting",
)

# Modules whose `LOOP` makes what goes on beside the jobs, on their event loop.
LOOP_MODULES: Final[tuple[str, ...]] = ("tenants.webhooks.dispatching",)

_IDLE_POLL_MS: Final = 100  # the longest an idle worker sleeps between looks into the queue
_SHUTDOWN_MS: Final = 10_000  # a job that takes longer is cut off, rolled back, and sent again by the relay
_CLOSE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0


def load_jobs(modules: Sequence[str] = JOB_MODULES) -> None:
    """Imports every module that registers jobs, schedules, or what follows the rules' tiers. Raises ImportError for one
    that isn't there.
    """
    for module in modules:
        importlib.import_module(module)


async def deliver(tenant_id: str, outbox_id: str, attempt: int) -> None:
    """The one actor. Never fails its message: what wasn't run is sent again by the relay, after the lease."""
    try:
        await run_job(Delivery(UUID(tenant_id), UUID(outbox_id), attempt))
    except Exception as error:  # noqa: BLE001  # whatever it was, the row is still there
        # Nearly always a database that is away: don't rush through the queue meanwhile.
        log.warning("job %s put off: %s: %s", outbox_id, type(error).__name__, error)
        await asyncio.sleep(_PAUSE_SECONDS)


class Loop(Protocol):
    """Something that goes on as long as the worker does: `poll` is a step as `saas.loops` repeats it."""

    async def poll(self) -> float: ...

    async def stop(self) -> None:
        """Ends what is under way, within seconds."""


class Pools(Middleware):
    """Opens and closes the database pools on the event loop that runs the jobs, and keeps `loops` going between. Goes
    after AsyncIO.
    """

    def __init__(self, stop: threading.Event, loops: Sequence[Loop] = ()) -> None:
        self._stop = stop
        self._loops = loops
        self._ended: asyncio.Event | None = None
        self._going: list[asyncio.Task[None]] = []

    def before_worker_boot(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Waits for a database that is away. Raises MiddlewareError where that can't help, or at a stop
        signal.
        """
        loop = get_event_loop_thread()
        if loop is None:
            raise MiddlewareError("the event loop didn't start")
        try:
            loop.run_coroutine(self._open())
        except Exception as error:
            raise MiddlewareError(f"no database pool: {type(error).__name__}") from error
        loop.run_coroutine(self._begin())

    def before_worker_shutdown(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """The loops end while the jobs in progress do."""
        loop = get_event_loop_thread()
        if loop is not None:
            loop.run_coroutine(self._end())

    def after_worker_shutdown(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        loop = get_event_loop_thread()
        if loop is not None:
            loop.run_coroutine(asyncio.wait_for(close_pools(), _CLOSE_SECONDS))

    async def _open(self) -> None:
        while not self._stop.is_set():
            try:
                await open_pool()
            except AWAY as error:
                log.warning("waiting for the database: %s", type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        raise InterruptedError("stopped before the database answered")

    async def _begin(self) -> None:
        self._ended = asyncio.Event()
        for each in self._loops:
            task = asyncio.create_task(repeat(each.poll, self._ended))
            task.add_done_callback(self._on_end)
            self._going.append(task)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        """What can't go on ends the process: a supervisor starts it anew."""
        if not task.cancelled() and task.exception() is not None:
            log.critical("a loop beside the jobs has ended", exc_info=task.exception())
            self._stop.set()

    async def _end(self) -> None:
        if self._ended is not None:
            self._ended.set()
        await asyncio.gather(*self._going, return_exceptions=True)
        for each in self._loops:
            await each.stop()


def run(
    modules: Sequence[str] = JOB_MODULES,
    *,
    loops: Sequence[str] = LOOP_MODULES,
    metrics: tuple[str, int] | None = None,
) -> None:
    """Runs a worker in this process, from its main thread, until SIGTERM or SIGINT.

    Jobs in progress get 10 s to finish; a second signal ends it at once. `metrics` is the address and port for
    Prometheus.
    """
    load_jobs(modules)
    keep_what_is_loaded()
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        if stop.is_set():
            sys.exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    if metrics is not None:
        start_http_server(metrics[1], addr=metrics[0])
    broker = get_broker()
    broker.add_middleware(AsyncIO())
    broker.add_middleware(Pools(stop, [importlib.import_module(module).LOOP() for module in loops]))
    dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=QUEUE)(deliver)
    worker = dramatiq.Worker(broker, worker_timeout=_IDLE_POLL_MS, worker_threads=get_settings().worker_threads)
    try:
        worker.start()
    except MiddlewareError:
        broker.emit_after("worker_shutdown", worker)  # ends the event loop's thread, which isn't a daemon
        if not stop.is_set():
            raise
        return
    log.info("worker ready")
    stop.wait()
    worker.stop(timeout=_SHUTDOWN_MS)
    broker.close()

"""`regulars up`: everything on one machine, in one terminal, and nothing left when it ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saas.local.account import make_folders
from saas.local.console import Console
from saas.local.environment import child_environment, sandbox_environment, write_environment
from saas.local.guard import Guard
from saas.local.postgres import EmbeddedPostgres
from saas.local.process import LOOPBACK, TRIES_FOR_A_PORT, LocalServiceError, PortLostError, free_port, is_free
from saas.local.programs import Child, Program, Service, Supervised, regulars, standard_programs, stripe_sandbox
from saas.local.provision import provision
from saas.local.readiness import answers_ready, local_address, refuse_taken_port
from saas.local.texts import text
from saas.local.valkey import EmbeddedValkey

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 10.0
_STABLE_SECONDS = 30.0
_COMPLAIN_AFTER = 60.0


@dataclass(frozen=True)
class Running:
    """What a hook is told: where the API answers, the environment of its processes, and how to speak.

    `say` writes whole lines beside those of the other processes.
    """

    url: str
    data_dir: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]


Hook = Callable[[Running], None]
"""Called once, in a thread of its own (so it may block, or use `asyncio.run`), when the API is ready."""


def run(
    *,
    port: int = 8000,
    host: str = LOOPBACK,
    data_dir: Path = Path("var"),
    hooks: Sequence[Hook] = (),
    programs: Sequence[Program] | None = None,
    migration: Sequence[str] | None = None,
) -> int:
    """Start everything, keep it running until SIGINT or SIGTERM, stop it. Answers the exit code.

    0 after a stop that was asked for; 1 if the port is taken, a service can't start, or the migration fails.
    `hooks` run one after the other; one that fails is reported and stops nothing. Port 0 chooses a free one.
    PostgreSQL is embedded unless DATABASE_URL is set, Valkey unless REDIS_URL is, and Stripe is the sandbox unless
    STRIPE_API_KEY is set or ENVIRONMENT is production. `programs` and `migration` replace our own commands.
    """
    console = Console()
    port = port or free_port()
    try:
        refuse_taken_port(host, port)
        supervisor = Supervisor(console, host, port, data_dir.absolute())
        command = regulars("migrate") if migration is None else migration
        return asyncio.run(supervisor.run(programs, command, hooks))
    except LocalServiceError as error:
        console.say(str(error))
        return 1


def own_programs(host: str, port: int, data_dir: Path, url: str) -> tuple[Sequence[Program], dict[str, str]]:
    """Our own programs, and what they need in their environment to find each other."""
    programs = standard_programs(host, port)
    if os.environ.get("STRIPE_API_KEY") or os.environ.get("ENVIRONMENT") == "production":
        return programs, {}
    its_port = port + 1 if is_free(port + 1) else free_port()  # the same one at every start, if it can be
    return [*programs, stripe_sandbox(data_dir, its_port, url)], sandbox_environment(data_dir, its_port)


class Supervisor:
    """Starts, watches and stops the processes; everything happens on the main thread's event loop."""

    def __init__(self, console: Console, host: str, port: int, data_dir: Path) -> None:
        self._console = console
        self._host = host
        self._port = port
        self._data_dir = data_dir
        self._started = time.monotonic()
        self._running: list[Supervised] = []  # in the order in which they stop
        self._hurry = asyncio.Event()
        self._guard = Guard()
        self._work: asyncio.Task[None] | None = None
        self._environment_file: Path | None = None  # once we wrote it; before that it may be another supervisor's

    async def run(self, programs: Sequence[Program] | None, migration: Sequence[str], hooks: Sequence[Hook]) -> int:
        """As the function `run`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                loop.add_signal_handler(number, self._ask_to_stop)
        self._console.on_closed = lambda: loop.call_soon_threadsafe(self._ask_to_stop)
        self._work = asyncio.create_task(self._start_and_keep(programs, migration, hooks))
        try:
            await self._work
        except asyncio.CancelledError:
            return 0
        finally:
            await self._stop_all()
        return 0

    def _ask_to_stop(self) -> None:
        if self._work is not None and not self._work.cancelling():
            self._work.cancel()
        else:
            self._hurry.set()  # asked twice: our programs are killed, the database still shuts down

    async def _start_and_keep(
        self, programs: Sequence[Program] | None, migration: Sequence[str], hooks: Sequence[Hook]
    ) -> None:
        make_folders(self._data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        more: dict[str, str] = {}
        if programs is None:
            programs, more = own_programs(self._host, self._port, self._data_dir, self._url)
        environment = await self._start_services(more)
        if migration:
            await self._migrate(migration, environment)
        refuse_taken_port(self._host, self._port)  # the services took their time
        children = [Child(program, environment, self._console, self._guard) for program in programs]
        services = list(self._running)
        self._running[:0] = children
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(self._keep(service))
            for child in children:
                child.launch()
                group.create_task(self._keep(child))
            await self._greet(Running(self._url, self._data_dir, environment, self._console.say), hooks)

    async def _start_services(self, more: dict[str, str]) -> dict[str, str]:
        postgres = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(self._data_dir)
        valkey = None if os.environ.get("REDIS_URL") else EmbeddedValkey(self._data_dir)
        if postgres is not None:
            await self._start_service("postgres", postgres)
            await provision(postgres)
        if valkey is not None:
            await self._start_service("valkey", valkey)
        environment = child_environment(self._data_dir, self._url, postgres, valkey) | more
        if self._running or more:
            self._environment_file = write_environment(self._data_dir, environment)
        return environment

    async def _start_service(self, name: str, server: EmbeddedPostgres | EmbeddedValkey) -> None:
        """Start it without going deaf: crash recovery may take minutes, and Ctrl-C shall still work."""
        self._console.say(text("starting", name=name))
        self._running.insert(0, Service(name, server, self._console))
        since = time.monotonic()
        for attempt in range(1, TRIES_FOR_A_PORT + 1):
            server.launch()
            waiting = asyncio.create_task(asyncio.to_thread(server.wait_ready))
            while not (await asyncio.wait({waiting}, timeout=5))[0]:
                self._console.say(text("recovering", name=name, seconds=time.monotonic() - since))
            try:
                await waiting
            except PortLostError:
                if attempt == TRIES_FOR_A_PORT:
                    raise
            else:
                return

    async def _migrate(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._console.say(text("migrating"))
        migration = Child(Program("migrate", command), environment, self._console, self._guard)
        self._running.insert(0, migration)
        migration.launch()
        how = await migration.gone()
        self._running.remove(migration)
        if migration.exit_code != 0:
            raise LocalServiceError(text("migration_failed", how=how))

    async def _keep(self, process: Supervised) -> None:
        """Start `process` again whenever it ends: soon, then ever later while it keeps ending."""
        delay = _FIRST_DELAY
        while True:
            since = time.monotonic()
            how = await process.gone()
            if time.monotonic() - since > _STABLE_SECONDS:
                delay = _FIRST_DELAY
            self._console.say(text("died", name=process.name, how=how, seconds=delay))
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
            try:
                process.launch()
            except (LocalServiceError, OSError) as error:
                self._console.say(text("cannot_start", name=process.name, reason=error))

    async def _greet(self, told: Running, hooks: Sequence[Hook]) -> None:
        """When the API is ready: the addresses, then what the hooks have to say."""
        complained = False
        while not await answers_ready(self._host, self._port):
            waited = time.monotonic() - self._started
            if waited > _COMPLAIN_AFTER and not complained:
                complained = True
                self._console.say(text("not_ready", seconds=waited))
            await asyncio.sleep(0.1)
        self._console.say(text("ready", seconds=time.monotonic() - self._started))
        self._console.say(text("address", url=self._url))
        self._console.say(text("data", folder=self._data_dir))
        for hook in hooks:
            try:
                await asyncio.to_thread(hook, told)
            except Exception as error:  # noqa: BLE001 - the hook is another's code; the shop stays open
                name = getattr(getattr(hook, "func", hook), "__name__", "hook")
                self._console.say(text("hook_failed", what=name, reason=repr(error)))

    async def _stop_all(self) -> None:
        """The API first, then the rest of ours together, then Valkey, then PostgreSQL."""
        self._console.say(text("stopping"))
        children = [process for process in self._running if isinstance(process, Child)]
        for child in children[:1]:
            await child.stop(self._hurry)
        await asyncio.gather(*(child.stop(self._hurry) for child in children[1:]))
        for process in self._running[len(children) :]:
            await process.stop(self._hurry)
        self._guard.close()
        if self._environment_file is not None:
            self._environment_file.unlink(missing_ok=True)
        self._console.say(text("stopped"))

    @property
    def _url(self) -> str:
        address = local_address(self._host)
        return f"http://[{address}]:{self._port}" if ":" in address else f"http://{address}:{self._port}"

"""Starting processes that never outlive us."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from saas.local.account import Account

LOOPBACK = "127.0.0.1"
TRIES_FOR_A_PORT = 3
_WRAPPER = Path(__file__).with_name("child.py")
_KEEP_LOG_BYTES = 10_000_000


class LocalServiceError(Exception):
    """An embedded service cannot do what was asked; the text is meant for the person at the terminal."""


class PortLostError(LocalServiceError):
    """The port was free when it was chosen and taken when the service came to it; the next start differs."""


class Server(Protocol):
    """An embedded service: `launch` on the main thread, `wait_ready` on any."""

    def launch(self) -> None: ...
    def wait_ready(self) -> None: ...


def start_and_wait(server: Server) -> None:
    """Launch it and wait, again on another port if somebody was faster."""
    for attempt in range(1, TRIES_FOR_A_PORT + 1):
        server.launch()
        try:
            server.wait_ready()
        except PortLostError:
            if attempt == TRIES_FOR_A_PORT:
                raise
        else:
            return


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    account: Account | None = None,
    environment: Mapping[str, str],
    folder: Path,
    output: int | IO[bytes],
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own; the kernel sends it `death_signal` when this process dies.

    The kernel watches the thread that forked, so only the main thread may call this.
    `output` takes stdout and stderr; `account` (root only) is whom the process runs as.
    """
    if threading.current_thread() is not threading.main_thread():
        raise LocalServiceError("child processes must be started from the main thread")
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    numbers = (os.getpid(), int(death_signal), uid, gid)
    arguments = [sys.executable, "-I", "-S", str(_WRAPPER), *map(str, numbers), *map(str, command)]
    return subprocess.Popen(  # noqa: S603 - our own list of arguments, no shell
        arguments,
        env=dict(environment),
        cwd=folder,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> int:
    """Send each signal in turn and wait its seconds; SIGKILL at the end. Answers the exit code."""
    for number, seconds in steps:
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
    return process.wait()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now; another process may still be faster than us."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody listens on the TCP port on 127.0.0.1 now."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        return False
    return True


def open_log(path: Path) -> IO[bytes]:
    """The log to append to, readable by us alone. Past 10 MB the old one becomes `<name>.1`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _KEEP_LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def log_since(path: Path, offset: int) -> str:
    """What the log has gained since `offset` bytes, at most its last 4,000 characters."""
    with path.open("rb") as log:
        log.seek(offset)
        return log.read().decode(errors="replace")[-4000:].strip()

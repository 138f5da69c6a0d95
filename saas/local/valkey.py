"""An embedded Valkey: loopback, a random password, nothing on disk. Losing it loses no work."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from saas.local.account import make_folders, unprivileged
from saas.local.binaries import valkey_program
from saas.local.process import (
    LOOPBACK,
    LocalServiceError,
    PortLostError,
    end,
    free_port,
    log_since,
    open_log,
    spawn,
    start_and_wait,
)
from saas.local.secrets_file import Secrets, load_or_create

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
protected-mode yes
daemonize no
dir /
appendonly no
save ""
maxmemory-policy noeviction
loglevel notice
logfile ""
"""
_READY_WITHIN = 20.0


class EmbeddedValkey:
    """A server that lives as long as this process at most; it keeps its port over restarts."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.log_path = self.data_dir / "logs" / "valkey.log"
        self.port: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._secrets: Secrets | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start and wait until it answers; LocalServiceError with the log's end if it doesn't."""
        start_and_wait(self)

    def launch(self) -> None:
        """Start the server without waiting for it. Main thread only."""
        if self.running:
            raise LocalServiceError("Valkey is already started")
        make_folders(self.data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        self._secrets = self._secrets or load_or_create(self.data_dir)
        self.port = self.port or free_port()
        with open_log(self.log_path) as output:
            self._log_start = os.fstat(output.fileno()).st_size
            self.process = spawn(
                [valkey_program(), "-"],
                death_signal=signal.SIGTERM,
                account=unprivileged(),
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                folder=Path("/"),
                output=output,
                stdin=subprocess.PIPE,
            )
        text = _CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._secrets.valkey)
        if self.process.stdin is not None:
            with self.process.stdin as configuration:  # not an argument: `ps` shows those to everyone
                configuration.write(text.encode())

    def wait_ready(self) -> None:
        """Return when it answers; any thread may wait.

        Raises LocalServiceError with the log's end if it exits or takes over 20 s, PortLostError if another
        process took the port first.
        """
        deadline = time.monotonic() + _READY_WITHIN
        while not self.ready:
            if not self.running or time.monotonic() > deadline:
                said = log_since(self.log_path, self._log_start)
                self.stop()
                if "bind" in said:
                    self.port = None
                    raise PortLostError(f"Valkey doesn't start:\n{said}")
                raise LocalServiceError(f"Valkey doesn't start:\n{said}")
            time.sleep(0.01)

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether our server answers a PING with our password."""
        if not self.running or self.port is None or self._secrets is None:
            return False
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._secrets.valkey}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def stop(self) -> None:
        """Stop; harmless when stopped."""
        if self.process is not None:
            end(self.process, (signal.SIGTERM, 5.0))
        self.process = None

    @property
    def url(self) -> str:
        """A `redis://` URL with password."""
        if self.port is None or self._secrets is None:
            raise LocalServiceError("Valkey isn't started")
        return f"redis://:{quote(self._secrets.valkey, safe='')}@{LOOPBACK}:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

"""An embedded PostgreSQL 18: one cluster in a data folder, on a loopback port, behind random passwords.

It has neither TLS nor ICU: for one machine only.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from saas.local.account import make_folders, unprivileged
from saas.local.binaries import reachable_postgres
from saas.local.cluster import ENVIRONMENT, clear_leftovers, home_folder, initialise
from saas.local.lock import FolderLock
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
from saas.local.secrets_file import SUPERUSER, Secrets, load_or_create

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # one way in, with a password; long data folders break socket paths
    "max_connections": "200",  # a few pools per process, several processes, and tests beside them
    "shared_buffers": "256MB",  # a chain's hot rows; a laptop doesn't miss it
    "work_mem": "16MB",  # recalculation sorts and hashes; few of them run at once on one machine
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # no spinning disks
    "max_wal_size": "2GB",  # imports shouldn't force checkpoints
    "checkpoint_timeout": "15min",
    # This build compresses with pglz only: 120 µs a page, of which a recalculation after a checkpoint writes thousands
    # (2,500 of 250,000 members: 0.7 s, without it 0.12 s).
    "wal_compression": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # DETAIL quotes the row: phone numbers don't belong in a log
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
EPHEMERAL_SETTINGS: Mapping[str, str] = {  # for tests: a crash of the machine may lose them
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
}
_PATIENCE_WITH_ORPHANS = 60.0


class EmbeddedPostgres:
    """A server that lives as long as this process at most: the kernel stops it when we die.

    `settings` override the above. `ephemeral` trades safety for speed and removes the cluster on `stop`.
    """

    def __init__(self, data_dir: Path, *, ephemeral: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.ephemeral = ephemeral
        self.log_path = self.data_dir / "logs" / "postgres.log"
        self.port: int | None = None  # chosen at the first start, then kept: pools reconnect to it
        self.process: subprocess.Popen[bytes] | None = None
        self._settings = {**SETTINGS, **(EPHEMERAL_SETTINGS if ephemeral else {}), **(settings or {})}
        self._lock = FolderLock(self.data_dir / "postgres.lock", f"the database in {self.data_dir}")
        self._home: Path | None = None
        self._secrets: Secrets | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start and wait until it answers, however long crash recovery takes.

        Raises LocalServiceError if another starter has the folder or the server gives up.
        """
        start_and_wait(self)

    def launch(self) -> None:
        """Prepare the cluster and start the server without waiting for it. Main thread only."""
        if self.running:
            raise LocalServiceError(f"the database in {self.data_dir} is already started")
        make_folders(self.data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        if self.process is None:  # else it died and we still hold the lock
            self._lock.take()
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def _launch(self) -> None:
        self._secrets = self._secrets or load_or_create(self.data_dir)
        account = unprivileged(self.data_dir / "postgres")
        self._home = home_folder(self.data_dir, account, ephemeral=self.ephemeral)
        password = self._secrets.postgres[SUPERUSER]
        data = initialise(self._home, account, password, self.log_path, ephemeral=self.ephemeral)
        # Our own server is dead if it had been started: nobody writes a checkpoint any more.
        clear_leftovers(data, patience=_PATIENCE_WITH_ORPHANS if self.process is None else 2.0)
        self.port = self.port or free_port()
        settings = {**self._settings, "port": str(self.port)}
        command: list[str | Path] = [reachable_postgres(account) / "postgres", "-D", data]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open_log(self.log_path) as output:
            self._log_start = os.fstat(output.fileno()).st_size
            self.process = spawn(
                command,
                death_signal=signal.SIGINT,  # fast shutdown: roll back, checkpoint, leave
                account=account,
                environment=ENVIRONMENT,
                folder=data,
                output=output,
            )

    def wait_ready(self) -> None:
        """Return when connections are accepted; any thread may wait.

        Raises LocalServiceError with the log's end if the server exits, PortLostError if that was because
        another process took the port first.
        """
        while not self.ready:
            if not self.running:
                said = log_since(self.log_path, self._log_start)
                self.stop()
                if "could not bind" in said:
                    self.port = None
                    raise PortLostError(f"PostgreSQL doesn't start:\n{said}")
                raise LocalServiceError(f"PostgreSQL doesn't start:\n{said}")
            time.sleep(0.02)

    @property
    def running(self) -> bool:
        """Whether the server's process lives; it may still be recovering."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether our server accepts connections, by the status line of its pid file."""
        if self._home is None or self.process is None or not self.running:
            return False
        try:
            lines = (self._home / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"  # noqa: PLR2004

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, a checkpoint is written. Harmless when stopped."""
        if self.process is not None:
            end(self.process, (signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0))
        self.process = None
        if self.ephemeral and self._home is not None:
            shutil.rmtree(self._home)
            (self.data_dir / "postgres").unlink(missing_ok=True)  # the link, if the home lay elsewhere
            self._home = None
        self._lock.release()

    def dsn(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """A `postgresql://` URL with password. Roles: postgres (superuser), app, gate, relay, operator."""
        if self.port is None or self._secrets is None:
            raise LocalServiceError("the database isn't started")
        password = quote(self._secrets.postgres[role], safe="")
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    @property
    def passwords(self) -> Mapping[str, str]:
        """Passwords by role, the superuser's included."""
        if self._secrets is None:
            raise LocalServiceError("the database isn't started")
        return self._secrets.postgres

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

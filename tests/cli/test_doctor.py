"""The doctor finds what is broken, and says how to mend it."""

import os
from collections.abc import Iterator

import pytest
from support.clock import owner

from saas.doctor import Finding, examine, machine, server
from saas.settings import get_settings


@pytest.fixture
def settings_of() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    get_settings.cache_clear()


def about(found: list[Finding], *names: str) -> dict[str, Finding]:
    assert {f.about for f in found} >= set(names), [f.line() for f in found]
    return {f.about: f for f in found if f.about in names}


def states(found: list[Finding]) -> set[str]:
    return {f.state for f in found}


@pytest.mark.usefixtures("database")
async def test_a_sound_installation_has_nothing_to_mend() -> None:
    found = await examine()
    wrong = [f.line() for f in found if f.state == "wrong"]
    assert not wrong
    assert {"PostgreSQL", "clock", "roles", "isolation", "schema", "Valkey", "FILE_STORE"} <= {f.about for f in found}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        ("ALTER TABLE import_error NO FORCE ROW LEVEL SECURITY", "ALTER TABLE import_error FORCE ROW LEVEL SECURITY"),
        ("ALTER TABLE import_error DISABLE ROW LEVEL SECURITY", "ALTER TABLE import_error ENABLE ROW LEVEL SECURITY"),
        ("CREATE POLICY lax ON import_error TO app USING (true)", "DROP POLICY lax ON import_error"),
        ("CREATE POLICY lax ON import_error USING (true)", "DROP POLICY lax ON import_error"),
        ("CREATE TABLE loose (id uuid)", "DROP TABLE loose"),
    ],
)
async def test_a_hole_between_tenants_is_found(break_it: str, mend_it: str) -> None:
    connection = await owner()
    await connection.execute(break_it)
    try:
        found = about(await examine(), "isolation")["isolation"]
    finally:
        await connection.execute(mend_it)
    assert found.state == "wrong"
    assert "loose" in found.said or "import_error" in found.said
    assert found.mend


@pytest.mark.usefixtures("database")
async def test_a_login_past_row_level_security_is_found(settings_of: pytest.MonkeyPatch) -> None:
    settings_of.setenv("DATABASE_URL", os.environ["MIGRATOR_DATABASE_URL"])
    get_settings.cache_clear()
    found = about(await examine(), "application's login")["application's login"]
    assert found.state == "wrong"
    assert "superuser" in found.said


@pytest.mark.usefixtures("database")
async def test_a_role_with_too_much_is_found() -> None:
    connection = await owner()
    await connection.execute("ALTER ROLE gate BYPASSRLS")
    try:
        assert "gate has BYPASSRLS" in about(await examine(), "roles")["roles"].said
    finally:
        await connection.execute("ALTER ROLE gate NOBYPASSRLS")


@pytest.mark.usefixtures("database")
async def test_a_schema_behind_the_program_is_found() -> None:
    connection = await owner()
    await connection.execute("UPDATE public.migration SET name = 'x' || name WHERE name LIKE 'tenants%'")
    try:
        found = about(await examine(), "schema")["schema"]
    finally:
        await connection.execute("UPDATE public.migration SET name = substr(name, 2) WHERE name LIKE 'xtenants%'")
    assert (found.state, found.mend) == ("wrong", "run: regulars migrate")


@pytest.mark.usefixtures("database")
async def test_servers_that_are_away_are_named(settings_of: pytest.MonkeyPatch) -> None:
    settings_of.setenv("REDIS_URL", "redis://127.0.0.1:1")
    settings_of.setenv("RELAY_DATABASE_URL", "postgresql://relay:x@127.0.0.1:1/x")
    get_settings.cache_clear()
    found = about(await examine(), "Valkey", "login of relay", "login of app")
    assert {name: f.state for name, f in found.items()} == {
        "Valkey": "wrong",
        "login of relay": "wrong",
        "login of app": "ok",
    }
    assert "RELAY_DATABASE_URL" in found["login of relay"].mend


async def test_missing_settings_are_named(environ: dict[str, str], settings_of: pytest.MonkeyPatch) -> None:
    settings_of.delenv("SECRET_KEYS")
    settings_of.setenv("WORKER_THREADS", "none")
    get_settings.cache_clear()
    found = await examine()
    assert states(found) == {"wrong"}
    assert {f.about for f in found} == {"SECRET_KEYS", "WORKER_THREADS"}


@pytest.mark.usefixtures("environ")
async def test_a_weak_key_and_a_bare_production_are_found(settings_of: pytest.MonkeyPatch) -> None:
    settings_of.setenv("SECRET_KEYS", "short")
    settings_of.setenv("ENVIRONMENT", "production")
    settings_of.setenv("PUBLIC_URL", "http://shop.example")
    get_settings.cache_clear()
    found = {f.about: f for f in await examine()}
    assert {name: f.state for name, f in found.items()} == {"SECRET_KEYS": "wrong", "PUBLIC_URL": "wrong"}
    assert "secrets new" in found["SECRET_KEYS"].mend


class Answers:
    """A connection that gives what it was told to."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    async def fetchrow(self, _sql: str) -> object:
        return self.answers.pop(0)

    fetchval = fetchrow


@pytest.mark.parametrize(
    ("ahead", "state"), [(0.0, "ok"), (3.0, "doubtful"), (-3.0, "doubtful"), (60.0, "wrong"), (-60.0, "wrong")]
)
async def test_clocks_apart_and_an_old_server(ahead: float, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saas.doctor.server.time.time", lambda: 1_000_000.0)
    found = await server.examine(Answers((170_004, "17.4"), "off", 1_000_000.0 + ahead))
    assert [f.state for f in found] == ["wrong", "wrong", state]


def test_a_full_disk_is_found(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    gib = 1024**3
    for free, state in ((0.1 * gib, "wrong"), (2 * gib, "doubtful"), (50 * gib, "ok")):
        monkeypatch.setattr("saas.doctor.machine.shutil.disk_usage", lambda _, free=free: type("U", (), {"free": free}))
        assert [f.state for f in machine.file_store(get_settings())] == [state]


@pytest.mark.parametrize(
    ("database", "cache", "open_to"),
    [
        ("postgresql://app:x@127.0.0.1:5432/r", "redis://127.0.0.1/0", ()),
        ("postgresql:///r?host=/run/postgresql", "redis://localhost/0", ()),
        ("postgresql://app:x@db/r?sslmode=verify-full", "rediss://:x@cache/0", ()),
        ("postgresql://app:x@[::1]:5432/r", "redis://[::1]:6379/0", ()),
        ("postgresql://app:x@db.internal/r", "redis://127.0.0.1/0", ("PostgreSQL",)),
        ("postgresql://app:x@db/r?sslmode=require", "redis://:x@cache:6379/0", ("PostgreSQL", "Valkey")),
        ("postgresql://app:x@127.0.0.1:5432,db2:5432/r", "redis://127.0.0.1/0", ("PostgreSQL",)),
    ],
)
@pytest.mark.usefixtures("environ")
def test_what_travels_in_the_open_is_found(
    database: str, cache: str, open_to: tuple[str, ...], settings_of: pytest.MonkeyPatch
) -> None:
    for name in ("GATE_DATABASE_URL", "RELAY_DATABASE_URL", "OPERATOR_DATABASE_URL"):
        settings_of.delenv(name)
    settings_of.setenv("DATABASE_URL", database)
    settings_of.setenv("REDIS_URL", cache)
    get_settings.cache_clear()
    found = [f for f in machine.settings(get_settings()) if f.about == "lines"]
    assert [(f.state, f.said.split()[0]) for f in found if f.state != "ok"] == [("doubtful", whom) for whom in open_to]
    assert len(found) == max(len(open_to), 1)

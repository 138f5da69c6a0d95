"""The database server: its version, its clock, its settings, the roles, and whether the schema is at head."""

import time
from collections.abc import Iterator
from typing import Any, Final

import asyncpg

from saas.closed import HELD
from saas.doctor.finding import Finding, doubtful, ok, wrong
from saas.migrate import ROLES, expected_migrations
from saas.outbox import DUE_SINCE, LEASE

OLDEST: Final = 180_000
_NOTICEABLE_SECONDS: Final = 1.0
_BAD_SECONDS: Final = 10.0
_HELD: Final = HELD.format(job="o.name", exempt="'{}'::text[]", status="t.status")
_RUN_ROLES: Final = "run infra/roles.sql as a superuser"


async def examine(connection: Any) -> list[Finding]:
    """Version, durability and clock."""
    number, version = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
    )
    about = "PostgreSQL"
    found = [ok(about, version)]
    if number < OLDEST:
        found = [wrong(about, f"{version}; uuidv7() came with 18", "upgrade the server to 18 or later")]
    if await connection.fetchval("SHOW synchronous_commit") == "off":
        said = "synchronous_commit is off: a crash loses purchases that were answered"
        found.append(wrong("durability", said, "ALTER SYSTEM SET synchronous_commit = on"))
    else:
        found.append(ok("durability", "commits are on disk before they are answered"))
    found.append(await _clock(connection))
    return found


async def _clock(connection: Any) -> Finding:
    """The difference of two clocks, give or take half of the round trip."""
    before = time.time()
    theirs: float = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    ours = (before + time.time()) / 2
    difference = abs(theirs - ours)
    said = f"this machine and the database differ by {difference:.3f} s"
    mend = "keep both with NTP: facts are dated by the database, keys and sessions end by either"
    if difference > _BAD_SECONDS:
        return wrong("clock", said, mend)
    return ok("clock", said) if difference < _NOTICEABLE_SECONDS else doubtful("clock", said, mend)


async def roles(connection: Any) -> list[Finding]:
    """Whether each role is there and may do no more than it should."""
    rows = await connection.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
        " FROM pg_roles WHERE rolname = ANY($1::text[])",
        ROLES,
    )
    wrongs = list(_wrong_roles({row["rolname"]: row for row in rows}))
    return wrongs or [ok("roles", ", ".join(ROLES))]


def _wrong_roles(there: dict[str, Any]) -> Iterator[Finding]:
    for name in ROLES:
        role = there.get(name)
        if role is None:
            yield wrong("roles", f"{name} is missing", _RUN_ROLES)
            continue
        if name != "migrator" and role["rolbypassrls"]:
            yield wrong("roles", f"{name} has BYPASSRLS: it sees every tenant", _RUN_ROLES)
        if name == "migrator" and not role["rolbypassrls"]:
            yield wrong("roles", "migrator lacks BYPASSRLS, which backfills and replication need", _RUN_ROLES)
        if name == "migrator" and role["rolcanlogin"]:
            yield wrong("roles", "migrator can log in; nobody should", _RUN_ROLES)
        too_much = [what for what in ("rolsuper", "rolcreaterole", "rolcreatedb") if role[what]]
        if too_much:
            yield wrong("roles", f"{name} has {', '.join(too_much)}", _RUN_ROLES)


async def migrations(connection: Any) -> list[Finding]:
    """Whether the schema is the one that this program was written for."""
    mend = "run: regulars migrate"
    try:
        done = {row["name"] for row in await connection.fetch("SELECT name FROM public.migration")}
    except asyncpg.UndefinedTableError:
        return [wrong("schema", "never migrated", mend)]
    expected = expected_migrations()
    if missing := expected - done:
        return [wrong("schema", f"not at head: {', '.join(sorted(missing))}", mend)]
    if newer := done - expected:
        said = f"newer than this program: {', '.join(sorted(newer))}"
        return [doubtful("schema", said, "finish the roll-out: every process should be of one release")]
    return [ok("schema", "at head")]


async def dead_letters(connection: Any) -> list[Finding]:
    """Jobs that failed for good, and jobs that nobody takes."""
    try:
        row = await connection.fetchrow(
            "SELECT count(o.dead_at) AS dead, count(*) FILTER (WHERE o.dead_at IS NULL AND o.attempts = 0"
            f" AND {DUE_SINCE} < clock_timestamp() - interval '10 minutes' AND NOT {_HELD}) AS waiting"
            " FROM outbox o JOIN tenant t ON t.tenant_id = o.tenant_id",
            LEASE,
        )
    except asyncpg.UndefinedTableError:
        return []  # said already: the schema is missing
    found = []
    if row["dead"]:
        found.append(doubtful("jobs", f"{row['dead']} failed for good", "look: regulars jobs dead"))
    if row["waiting"]:
        said = f"{row['waiting']} have waited for 10 minutes"
        found.append(doubtful("jobs", said, "see that a relay and a worker run: regulars relay, regulars worker"))
    return found or [ok("jobs", "none failed for good, none waits")]

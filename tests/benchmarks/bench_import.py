"""Import against plain COPY: the same purchases, into the same indexed tables, in one run on one server.

    python tests/benchmarks/bench_import.py [purchases] [members] [rounds]

The import is measured from its first batch to its last (rows as the job says). The COPY writes exactly the rows that
the import left in purchase, purchase_external and the tables of sums, for another tenant with the same
members, from text that is ready in memory, table by table in one transaction. Both wait for their COMMITs.
"""

import asyncio
import io
import json
import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from tests.benchmarks.history import PROGRAMME

TABLES: Final = (
    "purchase",
    "purchase_external",
    "member_total",
    "member_month",
    "member_day",
    "measure_day",
    "measure_month",
)
DEFAULTS: Final = (200_000, 20_000, 3)
MODULES: Final = ("tenants.imports.batch",)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def purchases_csv(count: int, members: int) -> bytes:
    """Two years of tickets, in the order of time."""
    chance = random.Random(7)  # noqa: S311  # the same file every time
    start = datetime(2024, 1, 1, tzinfo=UTC)
    step = timedelta(days=730) / count
    lines = ["external_id,member,occurred_at,amount,category\n"]
    for n in range(count):
        at = (start + n * step).strftime("%Y-%m-%dT%H:%M:%S")
        cents = chance.randrange(100, 100_000)
        lines.append(f"T{n:09d},M{chance.randrange(members)},{at},{cents // 100}.{cents % 100:02d},食品\n")
    return "".join(lines).encode()


async def make_tenant(owner: "asyncpg.Connection[Any]", members: int) -> UUID:
    """A chain with one branch and its members."""
    tenant_id = uuid7()
    await owner.execute(
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version) VALUES ($1, 'bench', $2, 'general', 'en', 'Asia/Shanghai', 'CNY', 'active', 'trial', 1)",
        tenant_id,
        f"t-{tenant_id.hex}",
    )
    await owner.execute("INSERT INTO branch VALUES ($1, uuidv7(), 'main', 'main', 'own')", tenant_id)
    await owner.execute(
        "INSERT INTO programme_version VALUES ($1, 1, $2::text::jsonb, now(), 'bench')",
        tenant_id,
        json.dumps(PROGRAMME),
    )
    await owner.execute(
        "INSERT INTO member (tenant_id, id, joined_on, external_id, source, created_at)"
        " SELECT $1, uuidv7(), '2023-01-01', 'M' || n, 'import', now() FROM generate_series(0, $2 - 1) n",
        tenant_id,
        members,
    )
    await owner.execute(
        "INSERT INTO member_identity SELECT tenant_id, 'external_id', external_id, id FROM member WHERE tenant_id = $1",
        tenant_id,
    )
    await owner.execute("VACUUM ANALYZE")
    return tenant_id


async def run_import(tenant_id: UUID, file: bytes) -> tuple[float, dict[str, Any]]:
    """Seconds from the first batch to the end, as the job runs in a worker."""
    from saas.principal import SYSTEM
    from saas.running import drain
    from saas.scope import connection, tenant_scope
    from tenants.imports.start import Caller, start_import

    async def body() -> Any:
        head = b'--b\r\nContent-Disposition: form-data; name="options"\r\n\r\n{"kind":"purchases","evaluate":false}\r\n'
        yield head + b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
        for at in range(0, len(file), 65536):
            yield file[at : at + 65536]
        yield b"\r\n--b--\r\n"

    await start_import(Caller(tenant_id, SYSTEM, None, None), "multipart/form-data; boundary=b", body())
    started = time.perf_counter()
    await drain(tenant_id)
    seconds = time.perf_counter() - started
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow("SELECT * FROM import_run WHERE tenant_id = $1", tenant_id)
    return seconds, dict(row or {})


async def run_copy(owner: "asyncpg.Connection[Any]", source: UUID, target: UUID) -> float:
    """Seconds of COPY … FROM of the rows that the import made, for `target`."""
    await owner.execute(
        "CREATE TEMP TABLE to_member AS SELECT a.id AS old, b.id AS new FROM member a JOIN member b"
        " ON b.external_id = a.external_id WHERE a.tenant_id = $1 AND b.tenant_id = $2",
        source,
        target,
    )
    branch = await owner.fetchval("SELECT id FROM branch WHERE tenant_id = $1", target)
    texts = {table: await _text(owner, table, source, target, branch) for table in TABLES}
    started = time.perf_counter()
    async with owner.transaction():
        for table, (columns, text) in texts.items():
            await owner.copy_to_table(table, source=io.BytesIO(text), columns=columns)
    seconds = time.perf_counter() - started
    await owner.execute("DROP TABLE to_member")
    return seconds


async def _text(
    owner: "asyncpg.Connection[Any]", table: str, source: UUID, target: UUID, branch: UUID
) -> tuple[list[str], bytes]:
    rows = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        table,
    )
    columns = [row["attname"] for row in rows]
    swap = {"tenant_id": f"'{target}'::uuid", "branch_id": f"'{branch}'::uuid", "member_id": "m.new"}
    picked = ", ".join(swap.get(column, f"t.{column}") for column in columns)
    join = " JOIN to_member m ON m.old = t.member_id" if "member_id" in columns else ""
    out = io.BytesIO()
    await owner.copy_from_query(f"SELECT {picked} FROM {table} t{join} WHERE t.tenant_id = '{source}'", output=out)
    return columns, out.getvalue()


async def one_round(file: bytes, members: int) -> tuple[float, float]:
    owner = await asyncpg.connect(os.environ["MIGRATOR_DATABASE_URL"])
    try:
        first, second = await make_tenant(owner, members), await make_tenant(owner, members)
        imported, row = await run_import(first, file)
        if row["state"] != "done" or row["failed"]:
            raise SystemExit(f"the import went wrong: {row}")
        await owner.execute("CHECKPOINT")
        copied = await run_copy(owner, first, second)
    finally:
        await owner.close()
    return imported, copied


async def measure(count: int, members: int, rounds: int) -> None:
    from saas.db import close_pools, open_pool
    from saas.migrate import migrate
    from saas.worker import load_jobs

    await migrate()
    load_jobs(MODULES)
    await open_pool()
    file = purchases_csv(count, members)
    taken = []
    for n in range(rounds):
        imported, copied = await one_round(file, members)
        taken.append((imported, copied))
        say(f"round {n + 1}: import {imported:.2f} s, COPY {copied:.2f} s, {imported / copied:.2f} x")
    imported, copied = (statistics.median(column) for column in zip(*taken, strict=True))
    ratio = statistics.median(a / b for a, b in taken)
    say(f"{count:,} purchases of {members:,} members, medians of {rounds}")
    say(f"import {imported:.2f} s ({count / imported:,.0f} rows/s), COPY {copied:.2f} s ({count / copied:,.0f} rows/s)")
    say(f"import / COPY: {ratio:.2f} (target: at most 5)")
    await close_pools()


def main() -> None:
    from saas.local.postgres import EmbeddedPostgres
    from saas.local.provision import provision
    from saas.local.valkey import EmbeddedValkey

    given = [int(text) for text in sys.argv[1:]]
    count, members, rounds = [*given, *DEFAULTS[len(given) :]]
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as name:
        folder = Path(name)
        postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
        postgres.start()
        try:
            valkey.start()
            asyncio.run(provision(postgres))
            roles = {
                f"{role.upper()}_DATABASE_URL": postgres.dsn(role, "regulars") for role in ("gate", "relay", "operator")
            }
            os.environ.update(
                roles,
                ENVIRONMENT="test",
                DATABASE_URL=postgres.dsn("app", "regulars"),
                MIGRATOR_DATABASE_URL=postgres.dsn(database="regulars"),
                REDIS_URL=valkey.url,
                SECRET_KEYS=secrets.token_urlsafe(32),
                FILE_STORE=str(folder / "files"),
            )
            asyncio.run(measure(count, members, rounds))
        finally:
            valkey.stop()
            postgres.stop()


if __name__ == "__main__":
    main()

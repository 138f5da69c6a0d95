"""The nightly expiry of points against the bare UPDATE and INSERT; a long statement's first page against a short one's.

The bare write goes into copies of the tables with the same indexes, checks, foreign keys and row security, as one
statement each; ours is the night's chain of batches, in this process.
"""

import time
from typing import Any, Final

import httpx

from saas.outbox import enqueue
from saas.scope import connection, tenant_scope
from tests.benchmarks.baseline import copy_of
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, NOW, TODAY, Made, clear, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, Work, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MOST_EXPIRY: Final = 2.0
MOST_STATEMENT: Final = 2.0
ENTRIES: Final = (10, 10_000)
_MEMBERS: Final = f"generate_series({FIRST_MEMBER}, {FIRST_MEMBER - 1} + $2::bigint) AS i"
_ID: Final = MEMBER_ID.format("i")
_LOT_ID: Final = "format('00000000-0000-7000-9%s-%s', lpad(n::text, 3, '0'), lpad(i::text, 12, '0'))::uuid"
_LOTS: Final = f"{_MEMBERS}, generate_series(1, $3::integer) AS n"
_EXPIRED: Final = (
    f"""
INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
SELECT $1, {_LOT_ID}, {_ID}, n, 'earn', {_LOT_ID}, 10, n * 10, $4::date, $5::timestamptz, 'bench'
  FROM {_LOTS}""",
    f"""
INSERT INTO points_lot (tenant_id, id, member_id, points, "left", day, spendable_from, expires_on)
SELECT $1, {_LOT_ID}, {_ID}, 10, 10, $4::date, $4::date, $5::date - 400 FROM {_LOTS}""",
    f"""
INSERT INTO points_account (tenant_id, member_id, open, debt)
SELECT $1, {_ID}, $3::integer * 10, 0 FROM {_MEMBERS} WHERE $4::date < $5::date""",
)
_BARE: Final = (
    'UPDATE bare_points_lot AS l SET "left" = 0 WHERE l.tenant_id = $1 AND l."left" > 0',
    """
INSERT INTO bare_points_entry AS e (tenant_id, member_id, seq, kind, source_id, points, balance, day, recorded_at,
                                    actor)
SELECT $1, l.member_id, 1, 'expire', l.id, -l.points, 0, l.day, clock_timestamp(), 'bench'
  FROM bare_points_lot l WHERE l.tenant_id = $1""",
)
_TABLES: Final = "points_account, points_entry, points_lot"


async def bench(place: Place, options: Options) -> list[Row]:
    lots = options.members
    rounds = 2 if options.quick else 3
    rows = []
    async with as_owner() as owner, pools():
        for each in (4, 1):
            await clear(owner)
            made = await make_tenant(owner, lots // each)
            rows += await _expiry(owner, made, each, rounds, promised=each > 1)
        rows.append(await _statement(place, owner, made, options))
    return rows


async def _expiry(owner: Any, made: Made, each: int, rounds: int, *, promised: bool) -> list[Row]:
    ours, bare, cpu = [], [], []
    work = Work()
    for _ in range(rounds):
        await _fill(owner, made, each)
        await copies(owner)
        await owner.execute("CHECKPOINT")
        await work.begin(owner)
        bare.append(await _write_bare(made))
        spent = await work.spent(owner)
        await owner.execute("CHECKPOINT")
        await work.begin(owner)
        ours.append(await _expire(made))
        cpu.append(await work.spent(owner) / spent)
        say(f"expiry: {made.members * each:,} lots in {ours[-1]:.1f} s, bare {bare[-1]:.1f} s; CPU {cpu[-1]:.2f}")
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    return [
        Row(
            f"Expiry of {made.members * each:,} lots, {each} a member",
            f"{median(ours):.1f} s",
            f"UPDATE and INSERT {median(bare):.1f} s",
            f"{median(ratios):.2f} ({spread(ratios)})",
            f"< {MOST_EXPIRY:g}" if promised else "",
            median(ratios) < MOST_EXPIRY if promised else None,
        ),
        Row("… CPU time of the database for it", "", "", f"{median(cpu):.2f}", "", None),
    ]


async def _fill(owner: Any, made: Made, each: int) -> None:
    await owner.execute(f"TRUNCATE {_TABLES}, points_take CASCADE")
    for statement, days in zip(
        _EXPIRED, ((TODAY, NOW), (TODAY, TODAY), (TODAY.replace(year=2000), TODAY)), strict=True
    ):
        await owner.execute(statement, made.tenant_id, made.members, each, *days)
    await owner.execute(f"VACUUM (ANALYZE) {_TABLES}, member_number")


async def copies(owner: Any) -> None:
    """The lots as they are, and the entries, in tables of their own."""
    for table in ("points_entry", "points_lot"):
        await copy_of(owner, table)
        await owner.execute(f"INSERT INTO bare_{table} SELECT * FROM {table}")
    await owner.execute("VACUUM (ANALYZE) bare_points_entry, bare_points_lot")


async def _write_bare(made: Made) -> float:
    started = time.perf_counter()
    async with tenant_scope(made.tenant_id):
        for statement in _BARE:
            await connection().execute(statement, made.tenant_id, timeout=3600)
    return time.perf_counter() - started


async def _expire(made: Made) -> float:
    """Seconds of the night's job and every batch after it."""
    from saas.running import run_due

    started = time.perf_counter()
    async with tenant_scope(made.tenant_id):
        await enqueue("points.expire", {"due_at": NOW.isoformat(), "schedule": None})
    outcomes = ["done"]
    while any(outcome != "gone" for outcome in outcomes):
        outcomes = [str(outcome) for outcome in await run_due(made.tenant_id)]
    seconds = time.perf_counter() - started
    async with tenant_scope(made.tenant_id):
        left = await connection().fetchval(
            'SELECT count(*) FROM points_lot WHERE tenant_id = $1 AND "left" > 0', made.tenant_id
        )
    if left:
        raise RuntimeError(f"{left} lots didn't expire")
    return seconds


async def _statement(place: Place, owner: Any, made: Made, options: Options) -> Row:
    """The first page over HTTP, in turn, of a member with few entries and of one with many."""
    del place
    from saas.app import create_app

    await owner.execute(f"TRUNCATE {_TABLES}, points_take CASCADE")
    for n, entries in enumerate(ENTRIES):
        await owner.execute(
            "INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day,"
            f" recorded_at, actor) SELECT $1, uuidv7(), {MEMBER_ID.format('$2::bigint')}, k, 'adjust', uuidv7(), 1, k,"
            " $4::date, $5::timestamptz, 'bench' FROM generate_series(1, $3::integer) AS k",
            made.tenant_id,
            FIRST_MEMBER + n,
            entries,
            TODAY,
            NOW,
        )
    await owner.execute(f"VACUUM (ANALYZE) {_TABLES}")
    found: list[list[float]] = [[], []]
    app: Any = create_app()
    headers = {"Authorization": f"Bearer {made.key}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://bench", headers=headers
    ) as http:
        for _ in range(40 if options.quick else 400):
            for n in (0, 1):
                started = time.perf_counter()
                answer = await http.get(f"/v1/members/00000000-0000-7000-8000-{FIRST_MEMBER + n}/points")
                found[n].append(time.perf_counter() - started)
                if answer.status_code != 200 or not answer.json()["data"]:
                    raise RuntimeError(answer.text)
    few, many = (median(times) * 1000 for times in found)
    return Row(
        f"The first page of a statement of {ENTRIES[1]:,} entries",
        f"{many:.1f} ms",
        f"of {ENTRIES[0]} entries {few:.1f} ms",
        f"{many / few:.2f}",
        f"≤ {MOST_STATEMENT:g}",
        many / few <= MOST_STATEMENT,
    )

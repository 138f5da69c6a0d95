"""A chain with two years behind it, made set by set: members, day and month aggregates, totals.

The rows lie in the tables in the order of their purchases, as two years of trade leave them there, not in the
order of the members. The same size gives the same rows.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from tests.benchmarks.place import as_owner

NOW: Final = datetime(2026, 11, 21, 4, tzinfo=UTC)
"""Noon of 21 November 2026 in Shanghai: a day whose twelve months have ragged edges on both sides."""

TODAY: Final = date(2026, 11, 21)
FIRST_MONTH: Final = date(2024, 12, 1)
MONTHS: Final = 24
_SIDE_BY_SIDE: Final = 2
PROGRAMME: Final[dict[str, Any]] = json.loads(Path(__file__).with_name("programme.json").read_text())

MEMBER_ID: Final = "('00000000-0000-7000-8000-' || {})::uuid"
"""A member's id as SQL; its number, from FIRST_MEMBER on, is put in."""
FIRST_MEMBER: Final = 100_000_000_001

_AGGREGATES: Final = ("member_total", "member_month", "member_day")

# In each month a member buys in its first half with a chance of 0.6 and in its second with 0.35; members differ in
# how much they spend; one purchase in 256 is ten times as large.
_MONTH: Final = """
INSERT INTO sold (id, day, amount)
SELECT {member_id}, $2::date + s * 14 + ((h >> 10) & 1023)::int % 14,
       (300 + ((h >> 20) & 4095)) * (2 + (hashint8extended(i, 1) & 15)) / 8
       * CASE WHEN (h >> 40) & 255 = 0 THEN 10 ELSE 1 END
  FROM (SELECT i, s, hashint8extended((i * 64 + $3 * 2 + s)::bigint, 7) AS h
          FROM generate_series(1, $1::bigint) i, generate_series(0, 1) s) x
 WHERE h & 1023 < CASE s WHEN 0 THEN 615 ELSE 358 END
""".format(member_id=MEMBER_ID.format(f"({FIRST_MEMBER - 1} + i)"))

_DAYS: Final = """
INSERT INTO member_day (tenant_id, member_id, day, spend, purchases, max_purchase)
SELECT $1, id, day, amount, 1, amount FROM sold WHERE day < $2 ORDER BY day, hashint8(amount)"""

_MONTHS: Final = """
INSERT INTO member_month (tenant_id, member_id, month, spend, purchases, max_purchase)
SELECT $1, id, date_trunc('month', min(day)::timestamp), sum(amount), count(*), max(amount) FROM sold WHERE day < $2
 GROUP BY id ORDER BY min(day), hashint8(sum(amount)::bigint)"""

_TOTALS: Final = """
INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
SELECT $1, member_id, sum(spend), sum(purchases), max(max_purchase), max(day), max(day) FROM member_day
 WHERE tenant_id = $1 GROUP BY member_id"""


@dataclass(frozen=True)
class Made:
    """A tenant, its one branch, a key with every scope, and how many day rows lie behind it."""

    tenant_id: UUID
    branch_id: UUID
    key: str
    members: int
    day_rows: int


_NUMBERS: Final = """
INSERT INTO member_number (tenant_id, member_id, seq)
SELECT $1, member_id, purchases FROM member_total WHERE tenant_id = $1 ORDER BY last_day, member_id"""


async def clear(owner: Any) -> None:
    """Takes every chain's members and facts away, so that nobody else's rows are measured."""
    await owner.execute(
        "TRUNCATE member, member_number, member_identity, purchase, purchase_external, member_total, member_month,"
        " member_day, member_tier, decision, recalculation, ladder_run, job, outbox CASCADE"
    )


async def make_tenant(owner: Any, members: int) -> Made:
    """A chain with so many members and two years of purchases, as aggregates; its clock stands at NOW."""
    tenant_id, branch_id = uuid7(), uuid7()
    key = await make_chain(owner, tenant_id, branch_id)
    await owner.execute(
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
        f" SELECT $1, {MEMBER_ID.format(f'({FIRST_MEMBER - 1} + i)')}, $3::date - (hashint8(i) & 255), 'import', now()"
        " FROM generate_series(1, $2::bigint) i",
        tenant_id,
        members,
        FIRST_MONTH,
    )
    day_rows = await _make_history(owner, tenant_id, members)
    return Made(tenant_id, branch_id, key, members, day_rows)


async def make_chain(owner: Any, tenant_id: UUID, branch_id: UUID) -> str:
    from saas.auth import new_key

    key = new_key("live")
    await owner.execute(
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version, has_facts, clock_offset)"
        " VALUES ($1, 'bench', $2, 'general', 'en', 'Asia/Shanghai', 'CNY', 'active', 'trial', 1, true,"
        " $3 - clock_timestamp())",
        tenant_id,
        f"t-{tenant_id.hex}",
        NOW,
    )
    await owner.execute("INSERT INTO branch VALUES ($1, $2, 'main', 'Main', 'own')", tenant_id, branch_id)
    await owner.execute(
        "INSERT INTO programme_version VALUES ($1, 1, $2::text::jsonb, now(), 'bench')",
        tenant_id,
        json.dumps(PROGRAMME),
    )
    await owner.execute(
        "INSERT INTO platform.api_key (id, tenant_id, secret_hash, name, scopes, mode, created_by)"
        " VALUES ($1, $2, $3, 'bench', '{admin}', 'live', 'bench')",
        key.id,
        tenant_id,
        key.secret_hash,
    )
    return key.text


async def _make_history(owner: Any, tenant_id: UUID, members: int) -> int:
    keys = {table: await _drop_key(owner, table) for table in _AGGREGATES}  # and made again, as for any bulk load
    await asyncio.gather(
        *(_make_months(tenant_id, members, range(n, MONTHS, _SIDE_BY_SIDE)) for n in range(_SIDE_BY_SIDE))
    )
    await owner.execute(_TOTALS, tenant_id)
    await owner.execute(_NUMBERS, tenant_id)
    for table, key in keys.items():
        await owner.execute(f"ALTER TABLE {table} ADD {key}")
    for table in ("member", *_AGGREGATES):
        await owner.execute(f"VACUUM (ANALYZE) {table}")
    rows: int = await owner.fetchval("SELECT count(*) FROM member_day WHERE tenant_id = $1", tenant_id)
    return rows


async def _make_months(tenant_id: UUID, members: int, numbers: range) -> None:
    async with as_owner() as owner:
        await owner.execute("CREATE TEMP TABLE sold (id uuid, day date, amount bigint)")
        for n in numbers:
            months = FIRST_MONTH.month - 1 + n
            month = FIRST_MONTH.replace(year=FIRST_MONTH.year + months // 12, month=months % 12 + 1)
            await owner.execute(_MONTH, members, month, n)
            await owner.execute(_DAYS, tenant_id, TODAY)
            await owner.execute(_MONTHS, tenant_id, TODAY)
            await owner.execute("TRUNCATE sold")


async def _drop_key(owner: Any, table: str) -> str:
    key: str = await owner.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'", table
    )
    await owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
    return key

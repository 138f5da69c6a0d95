"""The night's count reads what is new by its primary keys, as the role `app`, however long the history."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from using import buy, member

from saas.billing.usage import counting
from saas.billing.usage.periods import Period
from saas.scope import connection, tenant_scope

MANY = 20_000
_FILL = (
    """INSERT INTO member (tenant_id, id, joined_on, source, created_at)
       SELECT $1, uuidv7(), '2026-01-01', 'import', now() FROM generate_series(1, $2::integer / 10)""",
    """INSERT INTO purchase (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,
                             amount, source, actor, programme_version)
       SELECT $1, uuidv7(make_interval(mins => -n)), m.id, b.id, 1, n::text, now(), now() - make_interval(mins => n),
              current_date, 100, 'api', 'x', 1
         FROM generate_series(1, $2::integer) n
         JOIN (SELECT id, row_number() OVER (ORDER BY id) AS k FROM member WHERE tenant_id = $1) m
           ON m.k = 1 + n % ($2 / 10)
         JOIN branch b ON b.tenant_id = $1""",
    """INSERT INTO coupon_entry (tenant_id, id, grant_id, kind, source_id, recorded_at, actor)
       SELECT $1, uuidv7(make_interval(mins => -n)), uuidv7(), 'grant', uuidv7(), now() - make_interval(mins => n), 'x'
         FROM generate_series(1, $2::integer) n""",
    "ANALYZE member, purchase, coupon_entry",
)


@pytest.fixture
async def busy(chain: Chain) -> Chain:
    """Two weeks of a purchase a minute, and as many coupons given, which don't count."""
    conn = await owner()
    await conn.execute("SET session_replication_role = replica")
    for sql in _FILL:
        await conn.execute(sql, *([chain.tenant_id, MANY] if "$1" in sql else []))
    await conn.execute("SET session_replication_role = DEFAULT")
    return chain


async def scans(statement: str, *values: Any) -> list[dict[str, Any]]:
    """What is scanned, with conditions of indexes and how many rows came."""
    told = await connection().fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)

    def walk(node: dict[str, Any]) -> list[dict[str, Any]]:
        own = [node] if "Relation Name" in node else []
        return own + [one for child in node.get("Plans", []) for one in walk(child)]

    return walk((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])


async def test_a_night_reads_a_night(busy: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    # All that the tests before wrote is of the last hour, too: to the planner that would be everything, not a night.
    monkeypatch.setattr(counting, "SLACK", timedelta(minutes=1))
    now = datetime.now(UTC)
    period = Period(now - timedelta(days=30), now + timedelta(days=1), billed=True)
    async with tenant_scope(busy.tenant_id):
        assert await counting.count(period) == MANY // 10
    await buy(busy, await member(busy))
    async with tenant_scope(busy.tenant_id):
        since = counting.first_id(now)
        span = (busy.tenant_id, period.start, period.end, since)
        found = [one for one in await scans(counting._NEW, *span) if one["Relation Name"] != "usage_member"]
        large = [one for one in found if one["Relation Name"] in {"purchase", "coupon_entry"}]
        for one in large:
            assert "Index Cond" in one
            assert one["Actual Rows"] + one.get("Rows Removed by Filter", 0) < 100, one
        assert {one["Relation Name"] for one in large} == {"purchase", "coupon_entry"}
        assert {one["Index Name"] for one in large if one["Relation Name"] == "purchase"} == {"purchase_pkey"}
        assert await counting.count(period) == MANY // 10 + 1
        assert await connection().fetchval("SHOW plan_cache_mode") == "force_custom_plan"


async def test_what_was_taken_back_is_found_by_what_took_it_back(busy: Chain) -> None:
    now = datetime.now(UTC)
    period = Period(now - timedelta(days=30), now + timedelta(days=1), billed=True)
    async with tenant_scope(busy.tenant_id):
        await counting.count(period)
    await (await owner()).execute("ANALYZE usage_member")
    async with tenant_scope(busy.tenant_id):
        key, since = (busy.tenant_id, period.start), counting.first_id(now)
        for statement, values in ((counting._DROP_UNDONE, (*key, since, since)), (counting._DROP_MERGED, key)):
            found = await scans(statement, *values)
            read = sum(one["Actual Rows"] for one in found if one["Relation Name"] in {"usage_member", "member"})
            assert read < 10, found


def test_ids_of_an_instant() -> None:
    instant = datetime(2026, 11, 23, 1, tzinfo=UTC)
    first = counting.first_id(instant)
    assert first.int >> 80 == int((instant - counting.SLACK).timestamp() * 1000)
    assert counting.first_id(None).int == 0

"""A campaign's report reads by indexes, as the role `app`: of a long history what the campaign could have touched."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from marketing import start
from support.chains import Chain
from support.clock import owner
from support.till import bought, member

from saas.scope import connection, tenant_scope
from tenants.campaigns import daily, groups, looking, report
from tenants.messages import log

MANY = 20_000
LARGE = {"purchase", "coupon_grant", "coupon_entry", "points_entry", "campaign_share", "message"}
_FILL = (
    """INSERT INTO member (tenant_id, id, joined_on, source, created_at)
       SELECT $1, uuidv7(), '2026-01-01', 'import', now() - interval '3 years' FROM generate_series(1, $2::integer)""",
    """INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,
                             amount, source, actor, pricing)
       SELECT m.tenant_id, m.id, b.id, 1, m.id::text, m.at, m.at, m.at::date, 100, 'api', 'x', '{"campaigns": ["c"]}'
         FROM (SELECT *, now() - make_interval(mins => (40 * row_number() OVER (ORDER BY id))::integer) AS at
                 FROM member WHERE tenant_id = $1 AND source = 'import' LIMIT $2) m
         JOIN branch b ON b.tenant_id = m.tenant_id""",
    """INSERT INTO campaign_share (tenant_id, campaign_id, member_id, period, is_control, source_id, at)
       SELECT m.tenant_id, c.id, m.id, 'ever', false, m.id, now()
         FROM member m JOIN campaign c ON c.tenant_id = $1 AND c.code = ANY ('{many,few}')
        WHERE m.tenant_id = $1 AND (c.code = 'many' OR m.id IN (SELECT id FROM member WHERE tenant_id = $1 LIMIT 50))
        LIMIT 2 * $2""",
    """INSERT INTO coupon_grant (tenant_id, coupon_id, code, member_id, granted_to, number, terms, valid_from,
                                 valid_until, state, occasion, source_id, granted_at)
       SELECT $1, k.id, k.code, NULL, NULL, k.code || n, '{}', '2020-01-01', '2190-01-01', 'open', 'campaign',
              uuidv7(), now() FROM coupon k CROSS JOIN generate_series(1, $2::integer) n
        WHERE k.tenant_id = $1 AND (k.code = 'welcome' OR n < 10)""",
    """INSERT INTO coupon_grant (tenant_id, coupon_id, code, member_id, granted_to, terms, valid_from,
                                 valid_until, state, occasion, source_id, granted_at)
       SELECT $1, k.id, k.code, s.member_id, s.member_id, '{}', '2020-01-01', '2190-01-01', 'open', 'campaign',
              s.id, now() FROM campaign_share s JOIN coupon k ON k.tenant_id = $1 AND k.code = 'welcome'
        WHERE s.tenant_id = $1 LIMIT $2""",
    """INSERT INTO message (tenant_id, member_id, channel, purpose, marketing, state, created_at, changed_at)
       SELECT tenant_id, id, 'sms', 'campaign:many', true, 'sent', now(), now() FROM member
        WHERE tenant_id = $1 LIMIT $2""",
    """INSERT INTO coupon_entry (tenant_id, grant_id, kind, source_id, recorded_at, actor)
       SELECT tenant_id, id, 'use', id, now(), 'x' FROM coupon_grant WHERE tenant_id = $1 LIMIT $2""",
    """INSERT INTO points_entry (tenant_id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
       SELECT tenant_id, id, 1, 'campaign', id, 1, 1, '2026-01-01', now(), 'x' FROM member
        WHERE tenant_id = $1 LIMIT $2""",
    "VACUUM (ANALYZE) member, purchase, campaign_share, coupon_grant, coupon_entry, points_entry, message, coupon",
)


def scans(node: dict[str, Any]) -> list[tuple[str, str]]:
    own = [(node["Relation Name"], node["Node Type"])] if "Relation Name" in node else []
    return own + [scan for child in node.get("Plans", []) for scan in scans(child)]


@pytest.fixture
async def busy(chain: Chain) -> Chain:
    """A year and a half of purchases, all of them in campaigns; shares, coupons and messages mostly another's."""
    for code in ("many", "few"):
        await start(chain, code, "grant", "joined", points=1)
    await bought(chain, "one", 100, member_id=await member(chain))
    for sql in _FILL:
        await (await owner()).execute(sql, *([chain.tenant_id, MANY] if "$1" in sql else []))
    return chain


async def test_the_report_reads_no_table_whole(busy: Chain) -> None:
    until = datetime.now(UTC)
    since = until - timedelta(days=20)
    async with tenant_scope(busy.tenant_id):
        conn, tenant = connection(), busy.tenant_id
        assert await conn.fetchval("SELECT current_user") == "app"
        few: UUID = await conn.fetchval("SELECT id FROM campaign WHERE tenant_id = $1 AND code = 'few'", tenant)
        rest = await conn.fetchval("SELECT code FROM coupon WHERE tenant_id = $1 AND code <> 'welcome' LIMIT 1", tenant)
        some = [row["id"] for row in await conn.fetch("SELECT id FROM member WHERE tenant_id = $1 LIMIT 50", tenant)]
        text, args = groups._BOUGHT, [tenant, few, until, since, Decimal(10)]
        statements: list[tuple[str, list[object]]] = [
            (report._DISCOUNTS, [tenant, since, until, "c"]),
            (report._MULTIPLIED, [tenant, since, until, "c", Decimal("1.5"), 2]),
            (report._POINTS, [tenant, few]),
            (log.OF_ALL, [tenant, list(log.CHANNELS), list(log.STATES), UUID(int=2**128 - 1), 51]),
            (log.OF_ALL, [tenant, ["sms"], ["failed"], UUID(int=2**128 - 1), 51]),
            (log.OF_PURPOSE, [tenant, ["sms"], ["skipped"], UUID(int=2**128 - 1), 51, "campaign:many"]),
            (daily.SHARES, [tenant, few, "Asia/Shanghai", since, until]),
            (daily.PURCHASES, [tenant, "c", "Asia/Shanghai", since, until]),
            (looking._REACHED, [tenant, [few], 11]),
            (report._COUPONS.format(whose=report._OF_SHARES), [tenant, few]),
            (report._COUPONS.format(whose=report._OF_GUESTS), [tenant, rest, since, until]),
            (report._MESSAGES, [tenant, "campaign:few", since]),
            (text.format(members=groups._SHARES, heard=""), [tenant, few, until]),
            (text.format(members=groups._EVERYBODY, heard=groups._HEARD), args),
            (text.format(members=groups._LISTED, heard=groups._HEARD), [*args, some]),
        ]
        for sql, values in statements:
            for mode in ("force_custom_plan", "force_generic_plan"):
                await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
                found = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
                used = scans((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
                assert LARGE & {table for table, _ in used}, sql
                assert [x for x in used if x[0] in LARGE and x[1] == "Seq Scan"] == [], (sql, mode)

"""Lists of coupons and claims, and what every night looks for, by indexes as the role `app`."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from giving import coupon, given
from support.chains import Chain
from support.till import member

MANY = 20_000


def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    own = [node] if "Scan" in node["Node Type"] and "Relation Name" in node else []
    return own + [scan for child in node.get("Plans", []) for scan in scans(child)]


async def plan(conn: Any, sql: str, args: list[object]) -> dict[str, Any]:
    value = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *args)
    parsed = json.loads(value) if isinstance(value, str) else value
    found: dict[str, Any] = parsed[0]["Plan"]
    return found


@pytest.fixture
async def busy(chain: Chain, environ: dict[str, str]) -> Chain:
    """Twenty thousand coupons and claims of as many members, all coupons open, a few over."""
    made, who = await coupon(chain, "plans"), await member(chain)
    await given(chain, made["id"], who)
    answer = await chain.http.post("/v1/rewards", json={"code": "r", "names": {"zh-CN": "甲", "en": "A"}, "points": 1})
    conn = await asyncpg.connect(environ["MIGRATOR_DATABASE_URL"])
    try:
        await conn.execute(
            "INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
            " SELECT $1, uuidv7(), '2026-01-01', 'import', now() FROM generate_series(1, $2::integer)",
            chain.tenant_id,
            MANY,
        )
        await conn.execute(
            "INSERT INTO coupon_grant (tenant_id, coupon_id, code, member_id, granted_to, number, terms, valid_from,"
            " valid_until, state, occasion, source_id, granted_at) SELECT m.tenant_id, $2, 'plans', m.id, m.id,"
            " left(replace(m.id::text, '-', ''), 20) || row_number() OVER (), '{}', '2020-01-01',"
            " CASE WHEN row_number() OVER () < 20 THEN '2020-02-01'::date ELSE '2190-01-01' END, 'open', 'by_hand',"
            " m.id, now() FROM member m WHERE m.tenant_id = $1",
            chain.tenant_id,
            UUID(made["id"]),
        )
        await conn.execute(
            "INSERT INTO coupon_entry (tenant_id, grant_id, member_id, kind, source_id, recorded_at, actor)"
            " SELECT g.tenant_id, g.id, g.member_id, 'grant', g.id, now(), 'system' FROM coupon_grant g"
            "  WHERE g.tenant_id = $1 AND g.number IS NOT NULL",
            chain.tenant_id,
        )
        await conn.execute(
            "INSERT INTO reward_claim (tenant_id, reward_id, member_id, seq, points, state, recorded_at, actor)"
            " SELECT m.tenant_id, $2, m.id, 1, 1, 'claimed', now(), 'system' FROM member m WHERE m.tenant_id = $1",
            chain.tenant_id,
            UUID(answer.json()["id"]),
        )
        await conn.execute("VACUUM (ANALYZE) member, coupon, coupon_grant, coupon_entry, reward, reward_claim")
    finally:
        await conn.close()
    return chain


async def test_every_list_uses_an_index_as_the_role_app(busy: Chain) -> None:
    from saas.scope import connection, tenant_scope
    from tenants.coupons import coupon as definitions
    from tenants.coupons import held, ledger, using
    from tenants.rewards import claim

    async with tenant_scope(busy.tenant_id):
        conn, tenant = connection(), busy.tenant_id
        assert await conn.fetchval("SELECT current_user") == "app"
        one = await conn.fetchrow("SELECT id, member_id, number FROM coupon_grant WHERE tenant_id = $1 LIMIT 1", tenant)
        assert one is not None
        who, last = [one["member_id"]], UUID(int=2**128 - 1)
        statements: list[tuple[str, list[object]]] = [
            (held.BY_ID, [tenant, one["id"]]),
            (held.BY_NUMBER, [tenant, one["number"] or "x"]),
            (held._ENTRIES, [tenant, one["id"]]),
            (using._KNOWN, [tenant, "T1"]),
            *(
                (held.OF_MEMBER, [tenant, who, before, state, 51])
                for before in (None, last)
                for state in (None, "open", "used", "expired")
            ),
            (definitions._LIST, [tenant, UUID(int=0), 51]),
            *(
                (claim.OF_MEMBER, [tenant, who, before, state, 51])
                for before in (None, last)
                for state in (None, "claimed")
            ),
            (claim._KNOWN, [tenant, "T1"]),
            (ledger._EXPIRE, [tenant, date(2026, 1, 1), 10_000, None, "system"]),
        ]
        for sql, args in statements:
            for mode in ("force_custom_plan", "force_generic_plan"):
                await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
                used = scans(await plan(conn, sql, args))
                big = [s for s in used if s["Relation Name"] in {"coupon_grant", "coupon_entry", "reward_claim"}]
                assert big or sql == definitions._LIST, sql
                assert [s for s in big if s["Node Type"] == "Seq Scan"] == [], (sql, args, mode)

"""The statements of a purchase with everything are planned once, and find what they change by its key."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from purchases import purse
from support.chains import Chain
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.purchases.statements import lock_by_id, record

MANY = 5000
LARGE = ("points_account", "points_lot", "wallet_account", "wallet_lot", "coupon_grant")
MEMBERS = "SELECT m.* FROM member m WHERE m.tenant_id = $1"
FILL = (
    f"""
    INSERT INTO member (tenant_id, id, joined_on, source, created_at)
    SELECT $1, uuidv7(), '2026-01-01', 'import', now() FROM generate_series(1, {MANY})""",
    f"INSERT INTO points_account SELECT $1, m.id, 5, 0 FROM ({MEMBERS}) m ON CONFLICT DO NOTHING",
    f"""
    INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
    SELECT $1, m.id, m.id, 0, 'opening', m.id, 5, 5, '2026-01-01', now(), 'x' FROM ({MEMBERS}) m""",
    f"INSERT INTO points_lot SELECT $1, m.id, m.id, 5, 5, '2026-01-01', '2026-01-01' FROM ({MEMBERS}) m",
    f"INSERT INTO wallet_account SELECT $1, m.id, 5, 5 FROM ({MEMBERS}) m ON CONFLICT DO NOTHING",
    f"INSERT INTO wallet_lot SELECT $1, m.id, m.id, NULL, 5, 5, 5, 5, 0, 0, now() FROM ({MEMBERS}) m",
    f"""
    INSERT INTO coupon_grant (tenant_id, coupon_id, code, member_id, granted_to, terms, valid_from, valid_until, state,
                              occasion, source_id, granted_at)
    SELECT $1, c.id, c.code, m.id, m.id, '{{}}', '2026-01-01', '2126-01-01', 'open', 'by_hand', m.id, now()
      FROM ({MEMBERS}) m, (SELECT * FROM coupon WHERE tenant_id = $1 LIMIT 1) c""",
)
STATEMENTS = {
    "the lock of a full one": lock_by_id("points", "wallet", "grants", "numbers", "skus"),
    "a plain one": record(member=True),
    "one that earns": record(member=True, points="earn"),
    "one that spends": record(member=True, points="redeem"),
    "a full one": record(member=True, points="redeem and earn", wallet=True, coupons="one"),
    "a full one of the ledgers' own": record(member=True, points="any", wallet=True, coupons="any"),
    "a guest's": record(member=False, coupons="one"),
}


@pytest.fixture(scope="module")
async def large(new_chain: Callable[..., Awaitable[Chain]]) -> Chain:
    chain = await new_chain()
    await purse.rules(chain)
    who = await purse.holder(chain)
    await purse.given(chain, who, "amount", 1)
    conn = await owner()
    for statement in FILL:
        await conn.execute(statement, chain.tenant_id)
    for table in LARGE:
        await conn.execute(f"ANALYZE {table}")
    return chain


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node] + [each for child in node.get("Plans", []) for each in nodes(child)]


@pytest.mark.parametrize("what", STATEMENTS)
async def test_nothing_large_is_read_whole(what: str, large: Chain) -> None:
    sql = STATEMENTS[what]
    parameters = max(int(n) for n in re.findall(r"\$(\d+)", sql))
    async with tenant_scope(large.tenant_id):
        conn = connection()
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE looked_at AS {sql}")
        try:
            plan = await conn.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at ({', '.join(['NULL'] * parameters)})")
        finally:
            await conn.execute("DEALLOCATE looked_at")
    found = nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    scans = [node for node in found if "Scan" in node["Node Type"] and node.get("Relation Name") in LARGE]
    assert scans or what in {"a plain one", "one that earns"}  # which look nothing up
    assert [scan for scan in scans if scan["Node Type"] == "Seq Scan" or scan["Plan Rows"] > MANY / 10] == []

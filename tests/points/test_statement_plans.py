"""The statement's first page costs the same with few entries and with ten thousand."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from support.chains import Chain
from support.clock import owner
from support.till import member

from saas.scope import connection, tenant_scope
from tenants.points.reading import ENTRIES, TOTALS

TODAY = date(2031, 3, 10)
FEW, MANY = 60, 10_000
_ENTRIES = """
INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
SELECT $1, uuidv7(), $2, n, 'adjust', uuidv7(), 10, 10 * n, $4, now(), 'system' FROM generate_series(1, $3::int) n"""
# One of forty has something left: every day of a year has some, the last four days of accrual are pending.
_LOTS = """
INSERT INTO points_lot (tenant_id, id, member_id, points, "left", day, spendable_from, expires_on)
SELECT $1, e.id, e.member_id, 10, CASE WHEN e.seq % 40 = 0 OR e.seq > $3::int - 10 THEN 10 ELSE 0 END,
       $4::date, $4::date + CASE WHEN e.seq > $3::int - 10 THEN 7 ELSE 0 END, $4::date + (e.seq % 365)::int
  FROM points_entry e WHERE e.tenant_id = $1 AND e.member_id = $2"""
_ACCOUNT = """
INSERT INTO points_account (tenant_id, member_id, open)
SELECT tenant_id, member_id, sum("left") FROM points_lot WHERE tenant_id = $1 AND member_id = $2 GROUP BY 1, 2"""


async def _fill(chain: Chain, who: str, count: int) -> None:
    async with tenant_scope(chain.tenant_id):
        arguments = chain.tenant_id, UUID(who), count, TODAY
        await connection().execute(_ENTRIES, *arguments)
        await connection().execute(_LOTS, *arguments)
        await connection().execute(_ACCOUNT, *arguments[:2])


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node] + [found for child in node.get("Plans", []) for found in _nodes(child)]


async def _cost(chain: Chain, sql: str, *arguments: Any) -> tuple[int, list[dict[str, Any]]]:
    """Pages read, and the plan's nodes."""
    async with tenant_scope(chain.tenant_id):
        value = await connection().fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", chain.tenant_id, *arguments
        )
    plan = (json.loads(value) if isinstance(value, str) else value)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], _nodes(plan)


async def test_the_first_page_costs_the_same_however_many_there_are(chain: Chain) -> None:
    few, many = await member(chain), await member(chain)
    await _fill(chain, few, FEW)
    await _fill(chain, many, MANY)
    await (await owner()).execute("VACUUM ANALYZE points_entry, points_lot, points_account")
    for sql, arguments in ((ENTRIES, [None, 51]), (TOTALS, [TODAY])):
        pages = {}
        for who in (few, many):
            await _cost(chain, sql, [UUID(who)], *arguments)  # the first one sets the pages' hint bits
            pages[who], nodes = await _cost(chain, sql, [UUID(who)], *arguments)
            read = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
            assert read <= {"points_account"}, nodes  # of two rows
        assert pages[many] <= 1.5 * pages[few] + 40, (sql, pages)
    async with tenant_scope(chain.tenant_id):
        rows = await connection().fetch(TOTALS, chain.tenant_id, [UUID(many)], TODAY)
    assert (rows[0]["pending"], rows[0]["expiring"] > 0) == (100, True)

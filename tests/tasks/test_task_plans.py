"""How lists and nights reach their rows among eight thousand members, as the role app: by indexes."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from rounds import WEEKLY, rule
from support.chains import Chain
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.tasks import making, report
from tenants.tasks.bodies import TasksQuery
from tenants.tasks.listing import READ, statement

MANY = 8_000
TODAY = date(2031, 3, 11)
NOW = datetime(2031, 3, 11, tzinfo=UTC)
BIG = {"task", "task_act", "member", "member_day", "member_total", "purchase"}

PLANTED = (
    """
INSERT INTO member (tenant_id, id, joined_on, source, created_at, branch_id)
   SELECT $1, uuidv7(), '2026-01-01', 'import', now(), CASE WHEN n % 2 = 0 THEN $2::uuid END
   FROM generate_series(1, $4::integer) n WHERE $3::uuid IS NOT NULL""",
    """
INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,
   amount, source, actor) SELECT $1, m.id, $2, n, m.id::text || n, d, d, d::date, 100, 'import', 'system'
   FROM member m CROSS JOIN generate_series(1, 10) n CROSS JOIN LATERAL (SELECT $5::timestamptz -
   n * interval '20 days' AS d) x WHERE m.tenant_id = $1 AND ($3::uuid, $4::integer) IS NOT NULL""",
    """
INSERT INTO member_day (tenant_id, member_id, day, spend, purchases, max_purchase)
   SELECT p.tenant_id, p.member_id, p.local_day, 100, 1, 100 FROM purchase p WHERE p.tenant_id = $1""",
    """
INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
   SELECT $1, p.member_id, 1000, 10, 100, max(p.local_day), max(p.occurred_at) FROM purchase p WHERE p.tenant_id = $1
   GROUP BY p.member_id""",
    """
INSERT INTO task (tenant_id, rule_id, member_id, branch_id, state, value, made_at, made_on, due_on, outcome,
   acted_by, ended_at, ended_on, ended_by, rests_from) SELECT $1, $3, m.id, m.branch_id,
   CASE WHEN n = 0 THEN 'open' ELSE 'done' END, 1000, d, d::date, d::date + 6,
   CASE WHEN n > 0 THEN 'reached' END, CASE WHEN n > 0 THEN 'key:x' END, CASE WHEN n > 0 THEN d END,
   CASE WHEN n > 0 THEN d::date END, CASE WHEN n > 0 THEN 'key:x' END, d::date
   FROM member m CROSS JOIN generate_series(0, 2) n CROSS JOIN LATERAL (SELECT $5::timestamptz -
   n * interval '60 days' AS d) x WHERE m.tenant_id = $1 AND ($2::uuid, $4::integer) IS NOT NULL""",
    """
INSERT INTO task_act (tenant_id, task_id, kind, outcome, note, at, actor) SELECT $1, t.id, 'done', 'reached',
   'x', t.ended_at, 'key:x' FROM task t WHERE t.tenant_id = $1 AND t.state = 'done'""",
)


def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    own = [node] if "Scan" in node["Node Type"] and "Relation Name" in node else []
    return own + [scan for child in node.get("Plans", []) for scan in scans(child)]


@pytest.fixture(scope="module")
async def busy(new_chain: Any) -> tuple[Chain, UUID]:
    """Each member has bought ten times and been called twice, and is on the list again."""
    chain = await new_chain()
    rule_id, conn = UUID(await rule(chain)), await owner()
    for sql in PLANTED:
        values = [chain.tenant_id, UUID(chain.branch_id), rule_id, MANY, NOW]
        await conn.execute(sql, *values[: max(n for n in range(1, 6) if f"${n}" in sql)])
        await conn.execute("ANALYZE member")
    await conn.execute("VACUUM (ANALYZE) member, purchase, member_day, member_total, task, task_act, task_rule")
    return chain, rule_id


async def plan(sql: str, *values: Any) -> list[dict[str, Any]]:
    found = await connection().fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
    return scans((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def whole(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [scan for scan in found if scan["Relation Name"] in BIG and scan["Node Type"] == "Seq Scan"]


async def test_a_list_reads_no_table_through(busy: tuple[Chain, UUID]) -> None:
    chain, rule_id = busy
    queries: list[dict[str, str]] = [
        {},
        {"branch_id": chain.branch_id},
        {"branch_id": "none"},
        {"state": "postponed", "branch_id": chain.branch_id},
        {"state": "done"},
        {"state": "done", "branch_id": chain.branch_id},
        {"rule": str(rule_id), "due_to": "2031-03-20"},
        {"state": "done", "mine": "true"},
    ]
    async with tenant_scope(chain.tenant_id):
        assert await connection().fetchval("SELECT current_user") == "app"
        one = await connection().fetchrow(
            "SELECT id, member_id FROM task WHERE tenant_id = $1 LIMIT 1", chain.tenant_id
        )
        assert one is not None
        for asked in [*queries, {"member_id": str(one["member_id"])}]:
            sql, values = await statement(TasksQuery.model_validate_strings(asked), TODAY)
            for mode in ("force_custom_plan", "force_generic_plan"):
                await connection().execute(f"SET LOCAL plan_cache_mode = {mode}")
                assert whole(await plan(sql, *values)) == [], (asked, mode)
        assert whole(await plan(READ, chain.tenant_id, one["id"])) == []


async def test_a_night_reads_only_the_pages_members(busy: tuple[Chain, UUID]) -> None:
    chain, rule_id = busy
    async with tenant_scope(chain.tenant_id):
        await making.planned()
        rows = await connection().fetch(
            "SELECT id FROM member WHERE tenant_id = $1 ORDER BY id DESC LIMIT 400", chain.tenant_id
        )
        ids = [row["id"] for row in rows]
        who = (chain.tenant_id, rule_id, ids)
        tasks = [row["id"] for row in await connection().fetch(making._OPEN, *who)]
        assert len(tasks) == len(ids)
        made = (date(2031, 3, 10), TODAY, NOW, date(2031, 3, 17), None, None, 0, WEEKLY["days"])
        statements: list[tuple[str, tuple[Any, ...]]] = [
            (making.MAKE, (*who, *made)),
            (making._OPEN, who),
            (making.REFRESH, (chain.tenant_id, ids, tasks, date(2031, 3, 10))),
            (making._SETTLE, (*who, NOW, TODAY)),
            (making._DROP, (chain.tenant_id, rule_id, ids[-1], ids[0], NOW, TODAY, ids, [])),
            (making._DROP_ALL, (chain.tenant_id, rule_id, NOW, TODAY, 400)),
        ]
        for sql, values in statements:
            found = await plan(sql, *values)
            assert found, sql
            assert whole(found) == [], sql


async def test_a_report_reads_its_span(busy: tuple[Chain, UUID]) -> None:
    chain, _ = busy
    names = {"where": "t.tenant_id = $1", "first": "$2", "end": "$3"}
    span = (chain.tenant_id, datetime(2031, 3, 12, tzinfo=UTC), datetime(2031, 3, 13, tzinfo=UTC))
    async with tenant_scope(chain.tenant_id):
        made = await plan(report._MADE.format(**names, today="$4::date"), *span, TODAY)
        acted = await plan(report._ACTED.format(**names, now="$4::timestamptz"), *span, NOW)
    assert whole(made) == whole(acted) == []

"""How a segment reaches its rows, as the role app: ranges of the members' own rows, each by an index."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from people import D, Person, rules, segment, write
from programme.books import Json, of_ids, shop
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids
from tenants.segments import selecting
from tenants.segments.compiler import selection
from tenants.segments.planning import planned_for_many

WIDE: Json = {
    "any": [
        {"property": "stage", "in": ["declining"]},
        {"property": "rfm_group", "in": ["champion"]},
        {"property": "tag", "in": ["VIP", "孕期"]},
        {"property": "consent", "in": ["sms"]},
        {"property": "attribute", "code": "choice", "in": ["dry"]},
        {"property": "attribute", "code": "number", "gte": "1"},
        {"property": "branch", "in": ["north"]},
        {"property": "age", "gte": 18},
        {"property": "tier", "gte": 1},
        {"metric": "activities", "kind": "class", "window": {"type": "rolling_days", "days": 30}, "gte": 1},
    ]
}
MEMBERS = 40
NEIGHBOURS = 20_000


@pytest.fixture(scope="module")
async def crowd(database: None) -> tuple[UUID, list[Person]]:
    """Some members among the many of a neighbour."""
    tenant_id, other, conn = await shop(), await shop(), await owner()
    people = [Person(D, tags=("VIP",), consents=("sms",), attributes={"choice": "dry"}) for _ in range(MEMBERS)]
    for n, one in enumerate(people):
        one.buys(*[D - timedelta(days=n + 7 * k) for k in range(20)])
    await write(tenant_id, *people)
    for place, count in ((tenant_id, 3000), (other, NEIGHBOURS)):
        await conn.execute(
            "INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
            " SELECT $1, uuidv7(), '2026-01-01', 'import', now() FROM generate_series(1, $2::int)",
            *(place, count),
        )
        await conn.execute("ANALYZE member")  # else each row's foreign key reads all members
        for table, columns, values in (
            ("member_tag", "tag", "'VIP'"),
            ("member_attribute", "code, text", "'choice', 'dry'"),
            ("member_day", "day, spend, purchases, max_purchase", "'2027-01-01', 1, 1, 1"),
            ("member_month", "month, spend, purchases, max_purchase", "'2027-01-01', 1, 1, 1"),
            (
                "member_total",
                "spend, purchases, max_purchase, last_day, last_at",
                "1, 1, 1, '2027-01-01', '2027-01-01'",
            ),
        ):
            await conn.execute(
                f"INSERT INTO {table} (tenant_id, member_id, {columns}) SELECT tenant_id, id, {values} FROM member"
                " WHERE tenant_id = $1 ON CONFLICT DO NOTHING",
                place,
            )
    await conn.execute("VACUUM ANALYZE member, member_tag, member_attribute, member_day, member_month, member_total")
    return tenant_id, people


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for part in node.get("Plans", ()) for inner in nodes(part))]


async def plan(tenant_id: UUID, people: list[Person], ids: Ids) -> list[dict[str, Any]]:
    """Every node of the plan that was carried out for some of the members."""
    (named,) = of_ids(ids, people[: 1 if ids is Ids.ONE else 20])
    async with tenant_scope(tenant_id):
        asked = await segment(rules(), WIDE)
        statement = selection(asked.condition, asked.programme, ids, asked.scale)
        async with planned_for_many():
            found = await connection().fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.counting}",
                *statement.arguments(tenant_id, named, asked.moment),
            )
    return nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


@pytest.mark.parametrize("ids", list(Ids))
async def test_every_table_of_members_is_reached_by_their_ids(crowd: tuple[UUID, list[Person]], ids: Ids) -> None:
    found = await plan(*crowd, ids)
    scans = [node for node in found if node.get("Relation Name", node.get("Index Name", "branch")) != "branch"]
    scans = [node for node in scans if "Scan" in node["Node Type"] and not node["Node Type"].startswith("CTE")]
    assert {"member_day", "member_month", "member_total", "member_tag", "member_attribute"} <= {
        node.get("Relation Name") for node in scans
    }
    for node in scans:
        if node["Node Type"] == "Bitmap Heap Scan":
            continue  # its index is a node of its own
        assert "Index Cond" in node, node
        assert "tenant_id" in node["Index Cond"], node
        assert "id >= " in node["Index Cond"] or "id = " in node["Index Cond"], node


async def test_only_the_ranges_rows_are_read(crowd: tuple[UUID, list[Person]]) -> None:
    found = await plan(*crowd, Ids.RANGE)
    days = [node for node in found if node.get("Relation Name") == "member_day" and "Index Cond" in node]
    assert 0 < sum(node["Actual Rows"] * node["Actual Loops"] for node in days) <= 3 * 20 * 21


async def test_a_property_alone_reads_no_facts(crowd: tuple[UUID, list[Person]]) -> None:
    tenant_id, _ = crowd
    async with tenant_scope(tenant_id):
        asked = await segment(rules(), {"property": "tier", "gte": 1})
    sql = selection(asked.condition, asked.programme, Ids.RANGE, None).sql
    for table in ("member_day", "member_month", "measure_", "member_tag", "member p"):
        assert table not in sql


async def test_the_next_range_comes_from_an_index(crowd: tuple[UUID, list[Person]]) -> None:
    tenant_id, _ = crowd
    async with tenant_scope(tenant_id):
        found = await connection().fetchval(
            f"EXPLAIN (FORMAT JSON) {selecting._NEXT}", tenant_id, selecting._END, selecting.RANGE
        )
    scans = [
        node
        for node in nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
        if node.get("Relation Name") == "member"
    ]
    assert {node["Node Type"] for node in scans} == {"Index Only Scan"}


def test_no_text_of_a_condition_is_in_the_statement() -> None:
    """Whatever a caller writes is a parameter."""
    evil = "'; DROP TABLE member; --"
    from tenants.segments.conditions import parse_segment_condition

    condition = parse_segment_condition(
        {
            "any": [
                {"property": "tag", "in": [evil]},
                {"property": "attribute", "code": "text", "in": [evil]},
                {"metric": "spend", "category": evil, "window": {"type": "lifetime"}, "gte": 1},
            ]
        }
    )
    for ids in Ids:
        statement = selection(condition, rules(), ids, None)
        assert "DROP" not in statement.sql
        assert "''" not in statement.sql

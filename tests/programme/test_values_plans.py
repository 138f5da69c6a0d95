"""What a wide programme reads: ranges of its own members' rows, however much history lies around them."""

import json
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from books import Json, Member, end_of, of_ids, programme, shop, write
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Programme

D = date(2028, 2, 29)
YEARS = 6
MEMBERS = 20
WINDOWS: list[Json] = [
    {"type": "lifetime"},
    {"type": "rolling_months", "months": 12},
    {"type": "rolling_days", "days": 30},
    {"type": "calendar_month", "offset": -1},
    {"type": "since_tier_start"},
    {"type": "membership_year"},
]
ASKED: list[Json] = [
    {"metric": "spend"},
    {"metric": "spend", "category": "c1"},
    {"metric": "purchases", "category": "c2"},
    {"metric": "activities", "kind": "class"},
    {"metric": "rating", "kind": "class"},
    {"metric": "top_ups"},
    {"metric": "branches"},
]


def wide(asked: list[Json] = ASKED) -> Programme:
    return programme(*[{**leaf, "window": window, "gte": 1} for leaf in asked for window in WINDOWS])


@pytest.fixture(scope="module")
async def crowd(database: None) -> tuple[UUID, list[Member]]:
    """Members who were there on every fifth day of six years, under twenty measures each."""
    tenant_id, conn = await shop(), await owner()
    members = [Member(date(2022, 3, 1), since=date(2023, 5, 17)) for _ in range(MEMBERS)]
    await write(tenant_id, *members)
    measures = [*[f"category:c{n}" for n in range(10)], *[f"branch:{n}" for n in range(8)], "activity:class", "top_up"]
    await conn.execute(
        "INSERT INTO measure_day (tenant_id, member_id, measure, day, total, facts, valued, most)"
        " SELECT $1, m, c, d, 1, 1, 1, 1 FROM unnest($2::uuid[]) m, unnest($3::text[]) c,"
        " (SELECT $4::date - 5 * n AS d FROM generate_series(0, $5::int * 73 - 1) n)",
        *(tenant_id, [member.id for member in members], measures, D, YEARS),
    )
    await conn.execute(
        "INSERT INTO measure_month (tenant_id, member_id, measure, month, total, facts, valued, most)"
        " SELECT tenant_id, member_id, measure, date_trunc('month', day::timestamp)::date,"
        " sum(total), sum(facts), sum(valued), max(most) FROM measure_day WHERE tenant_id = $1 GROUP BY 1, 2, 3, 4",
        tenant_id,
    )
    await conn.execute("VACUUM ANALYZE measure_day, measure_month, member, member_tier")
    return tenant_id, members


async def plan(crowd: tuple[UUID, list[Member]], rules: Programme, ids: Ids) -> list[Json]:
    """The nodes of the plan that was carried out for the first members, as the role app and as batches set it."""
    tenant_id, members = crowd
    few = sorted(members, key=lambda member: member.id)[: 1 if ids is Ids.ONE else 5]
    values = Values(rules, [0], ids)
    (named,) = of_ids(ids, few)
    async with tenant_scope(tenant_id):
        if ids is not Ids.ONE:
            await connection().execute("SET LOCAL enable_nestloop = off; SET LOCAL max_parallel_workers_per_gather = 0")
        found = await connection().fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) WITH {values.ctes()}\nSELECT * FROM v",
            *(tenant_id, *named, *values.binder.values(end_of(D))),
        )
    return list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def nodes(node: Json) -> Iterator[Json]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


def scans(found: list[Json], table: str) -> list[Json]:
    return [node for node in found if node.get("Relation Name", node.get("Alias")) == table]


@pytest.mark.parametrize("ids", list(Ids))
async def test_measures_are_reached_by_their_key_alone(crowd: tuple[UUID, list[Member]], ids: Ids) -> None:
    found = await plan(crowd, wide(), ids)
    measured = [node for node in found if str(node.get("Relation Name", "")).startswith("measure_")]
    assert {node["Relation Name"] for node in measured} == {"measure_day", "measure_month"}
    for node in measured:
        condition = node["Index Cond"]
        assert "tenant_id" in condition
        assert "member_id" in condition
        assert "measure" in condition
        assert "month" in condition or "day" in condition
        assert node.get("Rows Removed by Filter", 0) == 0


@pytest.mark.parametrize("ids", list(Ids))
async def test_only_the_windows_rows_are_read(crowd: tuple[UUID, list[Member]], ids: Ids) -> None:
    """Not the rows of six years: months, and the days at the windows' edges."""
    found = await plan(crowd, wide(), ids)
    members = 1 if ids is Ids.ONE else 5
    wanted = 4 + 8  # measures that are asked for, and branches
    days = sum(node["Actual Rows"] * node["Actual Loops"] for node in scans(found, "measure_day"))
    months = sum(node["Actual Rows"] * node["Actual Loops"] for node in scans(found, "measure_month"))
    assert days <= members * wanted * (4 * 31 / 5 + 1)
    assert months <= members * wanted * (3 * 12 * YEARS)
    assert days < members * wanted * YEARS * 73 / 10


@pytest.mark.parametrize("ids", list(Ids))
async def test_a_programme_of_plain_purchases_reads_no_measure(crowd: tuple[UUID, list[Member]], ids: Ids) -> None:
    plain = [{"metric": metric} for metric in ("spend", "purchases", "max_purchase")]
    found = await plan(crowd, wide(plain), ids)
    assert not [node for node in found if str(node.get("Relation Name", "")).startswith("measure_")]
    tables = {node["Relation Name"] for node in found if "Relation Name" in node}
    assert tables == {"member", "member_tier", "member_total", "member_month", "member_day"}


async def test_months_come_from_the_index_alone(crowd: tuple[UUID, list[Member]]) -> None:
    found = scans(await plan(crowd, wide(), Ids.RANGE), "measure_month")
    assert found
    assert {node["Node Type"] for node in found} == {"Index Only Scan"}


async def test_a_till_plans_a_wide_programme_once(crowd: tuple[UUID, list[Member]]) -> None:
    """Planned anew for each purchase it would cost ten times what it takes to carry out."""
    tenant_id, members = crowd
    values = Values(wide(), [0], Ids.ONE)
    sql = f"WITH {values.ctes()}\nSELECT * FROM v"
    await (await owner()).execute("ANALYZE")  # whatever other tests have left: the choice rests on statistics
    async with tenant_scope(tenant_id):
        statement = await connection().prepare(sql)
        for member in members:
            await statement.fetch(tenant_id, member.id, *values.binder.values(end_of(D)))
        generic = await connection().fetchval(
            "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1", sql
        )
    assert generic == MEMBERS - 5  # PostgreSQL tries five plans with the values known

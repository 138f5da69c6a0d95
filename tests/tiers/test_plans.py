"""How an evaluation reaches its rows, as the role app: a slower plan would decide the same, unseen elsewhere."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import moment_of
from tenants.tiers.deciding import deciding

WINDOWS = ({"type": "lifetime"}, {"type": "rolling_months", "months": 12}, {"type": "calendar_month", "offset": -1})


def programme() -> Programme:
    leaves = [{"metric": "spend", "window": window, "gte": 100} for window in WINDOWS]
    names = {"en": "A", "zh-CN": "甲"}
    return Programme.parse(
        {
            "currency": "CNY",
            "ladders": [
                {
                    "code": "card",
                    "names": names,
                    "tiers": [
                        {"code": "base", "rank": 0, "names": names},
                        {"code": "top", "rank": 1, "names": names, "qualify": {"any": leaves}},
                    ],
                    "policy": {
                        "upgrade": "immediate",
                        "schedule": {"type": "daily"},
                        "validity": {"type": "months", "months": 12},
                        "grace_days": 0,
                        "max_drop": None,
                    },
                }
            ],
        }
    )


async def plan(chain: Chain, ids: Ids) -> list[dict[str, Any]]:
    """Every node of the plan that a table with rows in it would get."""
    named: dict[Ids, tuple[Any, ...]] = {
        Ids.ONE: (UUID(int=1),),
        Ids.SOME: ([UUID(int=1), UUID(int=2)],),
        Ids.RANGE: (UUID(int=1), UUID(int=2)),
    }
    moment = moment_of(
        datetime(2026, 11, 21, 4, tzinfo=UTC),
        ZoneInfo("Asia/Shanghai"),
        firing=True,
        recorded_at=datetime(2026, 11, 21, 4, tzinfo=UTC),
        cause="recalculation",
        cause_id=UUID(int=3),
    )
    statement = deciding(programme(), (0,), ids)
    async with tenant_scope(chain.tenant_id):
        await connection().execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_nestloop = off"
        )
        found = await connection().fetchval(
            f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(chain.tenant_id, named[ids], moment)
        )
    return list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


@pytest.mark.parametrize("ids", list(Ids))
async def test_every_table_is_reached_by_its_key(chain: Chain, ids: Ids) -> None:
    found = await plan(chain, ids)
    assert not [node for node in found if node["Node Type"] == "Seq Scan"]
    for node in found:
        if "Index Name" in node and node["Relation Name"].startswith("member"):
            assert "tenant_id" in node["Index Cond"]


@pytest.mark.parametrize("ids", list(Ids))
async def test_edge_days_are_found_by_the_index_alone(chain: Chain, ids: Ids) -> None:
    """As a filter, each day of a member would be fetched from the table: ten times as long for a batch."""
    days = [node for node in await plan(chain, ids) if node.get("Relation Name") == "member_day"]
    edges = [node for node in days if "day = ANY" in node["Index Cond"]]
    assert edges
    assert not [node for node in edges if "Filter" in node]


async def test_a_batch_reads_months_from_the_index_alone(chain: Chain) -> None:
    months = [node for node in await plan(chain, Ids.RANGE) if node.get("Relation Name") == "member_month"]
    assert months
    assert {node["Node Type"] for node in months} == {"Index Only Scan"}


async def test_a_members_own_window_is_read_for_those_who_need_it_only(chain: Chain) -> None:
    """A lateral below a join of everyone would run for each member of a batch."""
    laterals = [
        node
        for node in await plan(chain, Ids.RANGE)
        if node["Node Type"] == "Nested Loop" and "Aggregate" in {inner["Node Type"] for inner in node["Plans"]}
    ]
    assert laterals
    for node in laterals:
        (outer,) = [inner for inner in nodes(node["Plans"][0]) if inner["Node Type"] == "CTE Scan"]
        assert "fell_on IS NOT NULL" in outer["Filter"]

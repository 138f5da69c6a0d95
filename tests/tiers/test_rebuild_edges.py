"""A rebuild where histories are awkward: days without a time, buying before joining, merges, a chain of batches."""

import json
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from oracle.strategies import Case, cases
from oracle.walking import opened, possible
from policy_chains import LIFE, MONTH, Json, at, chain_with, ladder, standings_are_the_last_decisions
from side_by_side import Product, product_for
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.till import bought, member, rows

from saas.scope import tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
EXAMPLES = int(os.environ.get("REBUILD_EXAMPLES", "5"))
SCHEDULED: Json = {"upgrade": "scheduled", "validity": {"type": "until_next_schedule"}}


async def rebuild(chain: Chain, drain: Drain) -> None:
    answer = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202, answer.text
    await work(chain, drain)
    assert (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()["state"] == "done"


async def migrated(chain: Chain, drain: Drain, kind: str, table: str) -> None:
    options = {"options": json.dumps({"kind": kind, "evaluate": False})}
    answer = await chain.http.post("/v1/imports", files={"file": ("f.csv", table.encode(), "text/csv")}, data=options)
    assert answer.status_code == 202, answer.text
    await work(chain, drain)


async def told(chain: Chain) -> list[tuple[str, str, str]]:
    """Local day, reason and tier of every decision, as they were made."""
    found = sorted(await rows(chain, "decision"), key=lambda row: (row["effective_at"], row["seq"]))
    return [(f"{row['effective_at']:%m-%d}", row["reason"], row["to_tier"]) for row in found]


async def test_a_sale_of_a_day_without_a_time_counts_for_itself(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    await member(chain, external_id="M1", joined_on="2031-01-01")
    await set_clock(chain.tenant_id, at("2031-03-10 12:00"))
    await migrated(chain, drain, "purchases", "external_id,member,occurred_at,amount\nS1,M1,2031-02-05,10.00\n")
    await rebuild(chain, drain)
    assert await told(chain) == [("02-05", "upgrade", "silver")]
    (decision,) = await rows(chain, "decision")
    assert f"{decision['day']}" == f"{decision['since']}" == "2031-02-05"


async def test_a_recalculation_behind_a_rebuild_looks_at_everybody(
    new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild goes as far as the last schedule; a recalculation counts as one of now."""
    monkeypatch.setattr("tenants.tiers.changed.ID_SLACK", timedelta(0))
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder("card", MONTH, **SCHEDULED))
    await bought(chain, "S1", 1000, member_id=await member(chain))
    await rebuild(chain, drain)
    assert await told(chain) == []
    assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await work(chain, drain)
    assert await told(chain) == [("01-01", "upgrade", "silver")]


async def test_merged_records_have_one_history(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    one, other = await member(chain), await member(chain)
    await bought(chain, "S1", 1000, member_id=other)
    await pass_time(chain, drain, at("2031-01-05 12:00"))
    await bought(chain, "S2", 4000, member_id=one)
    answer = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})
    assert answer.status_code == 200, answer.text
    await rebuild(chain, drain)
    listed = (await chain.http.get(f"/v1/members/{one}/decisions")).json()["data"]
    assert [(row["member_id"], row["reason"], row["to_tier"]) for row in listed] == [
        (one, "upgrade", "gold"),
        (one, "upgrade", "silver"),
    ]
    await standings_are_the_last_decisions(chain)


async def test_schedules_fire_from_the_first_fact_on(new_chain: NewChain, drain: Drain) -> None:
    """A chain that brings only its sales along: the members joined on the day of the migration."""
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder("card", MONTH, **SCHEDULED))
    await set_clock(chain.tenant_id, at("2031-03-10 12:00"))
    await member(chain, external_id="M1")
    await migrated(chain, drain, "purchases", "external_id,member,occurred_at,amount\nS1,M1,2031-01-05 10:00,10.00\n")
    await rebuild(chain, drain)
    assert await told(chain) == [("02-01", "upgrade", "silver"), ("03-01", "downgrade", "base")]


async def test_what_is_sold_while_a_rebuild_is_under_way_is_not_lost(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), ladder())
    one = await member(chain)
    await set_clock(chain.tenant_id, at("2031-01-10 23:59:50"))
    assert (await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})).status_code == 202
    await set_clock(chain.tenant_id, at("2031-01-11 00:00:20"))
    await bought(chain, "S1", 1000, member_id=one)
    before = await told(chain)
    await work(chain, drain)
    assert await told(chain) == before == [("01-11", "upgrade", "silver")]


async def test_an_opening_tier_that_was_put_right_is_the_right_one(new_chain: NewChain, drain: Drain) -> None:
    never = ladder("card", LIFE, validity={"type": "forever"})
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), never)
    await set_clock(chain.tenant_id, at("2031-03-10 12:00"))
    await member(chain, external_id="M1", joined_on="2031-01-01")
    for row in ("gold,2031-02-10", "silver,2031-02-01"):
        await migrated(chain, drain, "opening_balances", f"member,tier,tier_since\nM1,{row}\n")
    held = [(row["tier"], f"{row['since']}") for row in await rows(chain, "member_tier")]
    assert held == [("silver", "2031-02-01")]
    await rebuild(chain, drain)
    assert [(row["tier"], f"{row['since']}") for row in await rows(chain, "member_tier")] == held


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases(most_members=3, most_steps=15, new_rules=False))
async def test_passing_over_quiet_nights_changes_nothing(case: Case, drain: Drain) -> None:
    product = await product_for(case, drain)
    for one in case.programme["ladders"]:
        one["policy"]["upgrade"] = "immediate"
    await (await owner()).execute(
        "UPDATE programme_version SET document = $2::text::jsonb WHERE tenant_id = $1",
        product.tenant_id,
        json.dumps({**case.programme, "version": 1}),
    )
    oracle = opened(case)
    for step in case.steps:
        deed = None if step.kind in ("midnight", "recalculate") else possible(oracle, step, case)
        if deed is not None and step.kind in ("purchase", "activity", "set_tier"):
            await product.do(deed)
    # Behind everything: what is dated ahead would be decided as of each rebuild's own instant.
    await set_clock(product.tenant_id, max(step.at for step in case.steps) + timedelta(days=40))
    quietly = await _rebuilt(product)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenants.tiers.rebuild.walk.is_quiet", lambda _ladder: False)
        assert await _rebuilt(product) == quietly


async def _rebuilt(product: Product) -> list[Json]:
    async with tenant_scope(product.tenant_id):
        await start_recalculation(Request("rebuild"))
    done = await product.drain(product.tenant_id)
    assert done.failed == done.dead == 0
    made = await product.decisions()
    return [{name: value for name, value in row.items() if name not in ("id", "seq")} for row in made]

"""Facts that come after a schedule they belong before: one by one, and as imports bring them."""

import json
from typing import Any

import pytest
from policy_chains import (
    MONTH,
    Drain,
    Json,
    NewChain,
    at,
    chain_with,
    ladder,
    numbers_are_one_order,
    standings_are_the_last_decisions,
    told,
)
from runs_over_http import ran
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import bought, buy, member, rows, ticket

from tenants.tiers import batches

JANUARY = "2031-01-31T12:00:00Z"


@pytest.fixture
async def monthly(new_chain: NewChain) -> Chain:
    """Decided month by month, now 2 February; nothing fires by itself."""
    rules = ladder(window=MONTH, upgrade="scheduled", validity={"type": "until_next_schedule"})
    chain = await chain_with(new_chain, at("2031-02-02 12:00"), rules)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    return chain


async def test_the_answer_tells_of_both_decisions_also_the_second_time(new_chain: NewChain) -> None:
    """As of the schedule it gives silver, and with what was bought since gold."""
    chain = await chain_with(new_chain, at("2031-02-01 12:00"), ladder(schedule={"type": "daily"}))
    one = await member(chain, joined_on="2030-01-01")
    await bought(chain, "1", 500, member_id=one)
    made = await bought(chain, "2", 4500, member_id=one, occurred_at=JANUARY)
    assert await told(chain) == [("card", "late", "base", "silver"), ("card", "upgrade", "silver", "gold")]
    assert made["tier"] == {"ladder": "card", "before": "base", "after": "gold"}
    await numbers_are_one_order(chain)
    again = await buy(chain, "2", 4500, member_id=one, occurred_at=JANUARY)
    assert (again.status_code, again.json()) == (200, made)
    late, upgrade = sorted(await rows(chain, "decision"), key=lambda row: row["seq"])
    assert (late["effective_at"], str(late["day"])) == (at("2031-02-01"), "2031-01-31")
    assert (late["cause"], str(late["cause_id"])) == ("purchase", made["id"])
    assert late["recorded_at"] == upgrade["recorded_at"] == upgrade["effective_at"]
    assert json.loads(late["facts"]) == {"spend/lifetime": 4500}
    await standings_are_the_last_decisions(chain)


async def test_each_ladder_repeats_its_own_schedule(new_chain: NewChain) -> None:
    scheduled: Json = {"upgrade": "scheduled", "validity": {"type": "until_next_schedule"}, "window": MONTH}
    rules = [
        ladder("monthly", **scheduled),
        ladder("quarterly", **scheduled | {"schedule": {"type": "quarterly"}, "late_days": 40}),
        ladder("strict", **scheduled | {"late_days": 0}),
    ]
    chain = await chain_with(new_chain, at("2031-02-02 12:00"), *rules)
    one = await member(chain, joined_on="2030-01-01")
    await bought(chain, "1", 1000, member_id=one, occurred_at=JANUARY)
    await bought(chain, "2", 1000, member_id=one, occurred_at="2030-12-31T12:00:00Z")
    assert await told(chain) == [("monthly", "late", "base", "silver"), ("quarterly", "late", "base", "silver")]
    found = {row["ladder"]: (row["effective_at"], str(row["valid_until"])) for row in await rows(chain, "decision")}
    assert found == {
        "monthly": (at("2031-02-01"), "2031-02-28"),
        "quarterly": (at("2031-01-01"), "2031-03-31"),
    }


async def test_a_fall_is_taken_back_with_the_validity_as_it_was_renewed(new_chain: NewChain, drain: Drain) -> None:
    rules = ladder(
        retain={"metric": "spend", "window": MONTH, "gte": 300},
        validity={"type": "months", "months": 1},
        schedule={"type": "daily"},
    )
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), rules)
    one = await member(chain)
    await bought(chain, "1", 1000, member_id=one)
    await set_clock(chain.tenant_id, at("2031-02-15 09:00"))
    await ran(chain, drain, "2031-02-15T00:00:00Z")
    made = await bought(chain, "2", 300, member_id=one, occurred_at="2031-02-14T12:00:00Z")
    assert made["tier"] == {"ladder": "card", "before": "base", "after": "silver"}
    assert [row[1] for row in await told(chain)] == ["upgrade", "downgrade", "late"]
    (held,) = await rows(chain, "member_tier")
    # As if the schedule had renewed it: nothing of the fall is left.
    assert (str(held["valid_from"]), str(held["valid_until"]), held["fell_on"]) == ("2031-02-15", "2031-03-14", None)
    assert str(held["since"]) == "2031-01-15"


async def test_a_firing_that_comes_behind_a_late_decision_finds_it_made(monthly: Chain, drain: Drain) -> None:
    """The scheduler was away over the month's end: the till's late purchase decided first."""
    late, other = await member(monthly), await member(monthly)
    await bought(monthly, "1", 1000, member_id=late, occurred_at=JANUARY)
    await bought(monthly, "2", 999, member_id=other, occurred_at=JANUARY)
    result = await ran(monthly, drain, "2031-02-01T00:00:00Z")
    assert (result["evaluated"], result["upgraded"]) == (2, 0)
    assert await told(monthly) == [("card", "late", "base", "silver")]


async def _import(chain: Chain, drain: Drain, kind: str, text: str) -> Any:
    files = {"file": ("p.csv", text.encode(), "text/csv")}
    options = {"options": json.dumps({"kind": kind, "minor_units": True, "create_missing": True})}
    answer = await chain.http.post("/v1/imports", files=files, data=options)
    assert answer.status_code == 202, answer.text
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    return (await chain.http.get(f"/v1/imports/{answer.json()['import_id']}")).json()


def _sales(days: dict[str, str]) -> str:
    lines = [f"{name},{name},{day}T10:00:00Z,1000" for name, day in days.items()]
    return "external_id,member,occurred_at,amount\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("batch", [10_000, 2])
async def test_an_import_repeats_the_schedule_for_its_members(
    batch: int, monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", batch)
    for name in "abcde":
        await member(monthly, external_id=name)
    sales = _sales({"a": "2031-01-31", "b": "2031-01-01", "c": "2031-02-01", "d": "2030-12-31"})
    found = await _import(monthly, drain, "purchases", sales)
    assert found["imported"] == 4, found
    made = await rows(monthly, "decision")
    # Not for December, of which February's schedule doesn't decide. February itself is the run's own decision.
    assert sorted((row["reason"], row["to_tier"]) for row in made) == [
        ("late", "silver"),
        ("late", "silver"),
        ("upgrade", "silver"),
    ]
    assert {row["effective_at"] for row in made if row["reason"] == "late"} == {at("2031-02-01")}
    assert {row["cause"] for row in made} == {"recalculation"}
    # Sent again, and with something new for somebody else: nothing is written twice.
    await _import(monthly, drain, "purchases", sales)
    await _import(monthly, drain, "purchases", _sales({"e": "2031-01-20"}))
    assert [row[1] for row in await told(monthly)].count("late") == 3
    assert len(await rows(monthly, "decision")) == 4
    await standings_are_the_last_decisions(monthly)


async def test_an_import_after_the_days_of_grace_for_late_facts_repeats_nothing(monthly: Chain, drain: Drain) -> None:
    await member(monthly, external_id="a")
    await set_clock(monthly.tenant_id, at("2031-02-05 12:00"))
    assert (await _import(monthly, drain, "purchases", _sales({"a": "2031-01-31"})))["imported"] == 1
    assert await told(monthly) == []


async def test_an_import_of_members_with_purchases_left_over_looks_at_everyone(monthly: Chain, drain: Drain) -> None:
    """A full run, because joining days may have moved; late facts are found all the same."""
    await member(monthly, external_id="a")
    files = {"file": ("p.csv", _sales({"a": "2031-01-31"}).encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "minor_units": True, "evaluate": False})}
    assert (await monthly.http.post("/v1/imports", files=files, data=options)).status_code == 202
    await drain(monthly.tenant_id)
    assert await told(monthly) == []
    await _import(monthly, drain, "members", "external_id,name\na,Anna\n")
    assert await told(monthly) == [("card", "late", "base", "silver")]


async def test_what_the_till_sent_itself_is_no_imports_matter(monthly: Chain, drain: Drain) -> None:
    """It had its own late decision, or none: the run behind an import doesn't decide for it once more."""
    one = await member(monthly, external_id="a")
    await set_clock(monthly.tenant_id, at("2031-02-05 12:00"))
    await bought(monthly, "1", 1000, member_id=one, occurred_at=JANUARY)
    await member(monthly, external_id="b")
    await _import(monthly, drain, "purchases", _sales({"b": "2030-12-03"}))
    assert await told(monthly) == []


async def test_batches_of_the_api_are_late_one_by_one(monthly: Chain) -> None:
    members = [await member(monthly) for _ in range(3)]
    items = [ticket(monthly, str(n), 1000, member_id=one, occurred_at=JANUARY) for n, one in enumerate(members)]
    answer = await monthly.http.post("/v1/purchases:batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    assert await told(monthly) == [("card", "late", "base", "silver")] * 3


async def test_late_facts_of_one_member_at_once(monthly: Chain) -> None:
    """Whichever comes last completes what the schedule asks, and decides once."""
    import asyncio

    one = await member(monthly)
    answers = await asyncio.gather(*(buy(monthly, str(n), 100, member_id=one, occurred_at=JANUARY) for n in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert await told(monthly) == [("card", "late", "base", "silver")]
    await numbers_are_one_order(monthly)

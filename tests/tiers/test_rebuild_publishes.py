"""A rebuild does what each publish and each roll-back did, at its instant."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from policy_chains import LIFE, Json, at, chain_with, ladder, standings_are_the_last_decisions
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.proof import unproved
from support.till import bought, member, rows

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
NEVER: Json = {"type": "forever"}


def dearer(silver: int = 3000, **policy: Any) -> Json:
    card = ladder("card", LIFE, **policy)
    card["tiers"][1]["qualify"]["gte"] = silver
    return card


async def published(chain: Chain, card: Json, transition: str, holders: Json | None = None) -> int:
    document: Json = (await chain.http.get("/v1/programme")).json() | {"ladders": [card]}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    body = {"transition": transition, "holders": holders or {}}
    answer = await chain.http.post("/v1/programme/draft/publish", json=body)
    assert answer.status_code == 200, answer.text
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'", chain.tenant_id)
    version: int = answer.json()["version"]
    return version


async def rebuilt(chain: Chain, drain: Drain) -> None:
    answer = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202, answer.text
    await work(chain, drain)
    assert (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()["state"] == "done"


async def history(chain: Chain) -> list[Json]:
    """What a rebuild has to find again: everything of decisions and standings but ids, numbers, when it was told."""
    dropped = {"id", "seq", "recorded_at", "cause_id", "decision_id", "before"}
    found = [
        {"table": table, **{name: value for name, value in row.items() if name not in dropped}}
        for table in ("decision", "member_tier")
        for row in await rows(chain, table)
    ]
    return sorted(found, key=lambda row: (row["table"], str(row["member_id"]), row["ladder"], row["effective_at"]))


async def of(chain: Chain, who: str) -> list[tuple[str, str, str, str]]:
    made = [row for row in await rows(chain, "decision") if str(row["member_id"]) == who]
    made.sort(key=lambda row: (row["effective_at"], row["seq"]))
    return [(f"{row['effective_at']:%m-%d}", row["reason"], row["from_tier"], row["to_tier"]) for row in made]


@pytest.mark.parametrize(
    ("transition", "told"),
    [
        ("now", [("02-10", "programme_change", "silver", "base"), ("03-05", "upgrade", "base", "silver")]),
        ("up_only", []),
        (
            "next_schedule",
            [("03-01", "programme_change", "silver", "base"), ("03-05", "upgrade", "base", "silver")],
        ),
        (
            "next_purchase",
            [("02-20", "programme_change", "silver", "base"), ("03-05", "upgrade", "base", "silver")],
        ),
        ("grandfather", []),
    ],
)
async def test_each_transition_is_told_again(
    transition: str, told: list[Any], new_chain: NewChain, drain: Drain
) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder("card", LIFE, validity=NEVER))
    one, other, newcomer = await member(chain), await member(chain), None
    await pass_time(chain, drain, at("2031-01-10 12:00"))
    await bought(chain, "S1", 1000, member_id=one)
    await bought(chain, "S2", 4000, member_id=other)
    await pass_time(chain, drain, at("2031-02-10 12:00"))
    await published(chain, dearer(validity=NEVER), transition)
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-02-12 12:00"))
    newcomer = await member(chain)
    await pass_time(chain, drain, at("2031-02-20 12:00"))
    await bought(chain, "S3", 500, member_id=one)
    await bought(chain, "S4", 3000, member_id=newcomer)
    await pass_time(chain, drain, at("2031-03-05 12:00"))
    await bought(chain, "S5", 1500, member_id=one)
    before = await history(chain)
    assert await of(chain, one) == [("01-10", "upgrade", "base", "silver"), *told]
    assert await of(chain, other) == [("01-10", "upgrade", "base", "silver")]
    assert await of(chain, newcomer) == [("02-20", "upgrade", "base", "silver")]
    await rebuilt(chain, drain)
    assert await history(chain) == before
    await standings_are_the_last_decisions(chain)
    assert await unproved(chain.tenant_id) == []


async def test_what_a_roll_back_gave_back_is_given_back_again(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    one, other = await member(chain), await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await bought(chain, "S2", 1000, member_id=other)
    first = (await chain.http.get("/v1/programme")).json()["version"]
    await pass_time(chain, drain, at("2031-02-10 12:00"))
    await published(chain, dearer(), "now")
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-02-11 12:00"))
    await bought(chain, "S3", 2000, member_id=other)
    await pass_time(chain, drain, at("2031-02-12 12:00"))
    answer = await chain.http.post(f"/v1/programme/versions/{first}/rollback", json={})
    assert answer.status_code == 200, answer.text
    await work(chain, drain)
    before = await history(chain)
    assert await of(chain, one) == [
        ("01-01", "upgrade", "base", "silver"),
        ("02-10", "programme_change", "silver", "base"),
        ("02-12", "programme_change", "base", "silver"),
    ]
    held = [row for row in before if row["table"] == "member_tier" and str(row["member_id"]) == one]
    assert [f"{row['valid_until']}" for row in held] == ["2031-12-31"]
    await rebuilt(chain, drain)
    assert await history(chain) == before
    await rebuilt(chain, drain)  # and once more
    assert await history(chain) == before
    assert await unproved(chain.tenant_id) == []


async def test_a_tier_that_was_renamed_is_told_so(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await pass_time(chain, drain, at("2031-02-10 12:00"))
    renamed = ladder()
    renamed["tiers"][1]["code"] = "argent"
    await published(chain, renamed, "grandfather", {"card": {"silver": "argent"}})
    await work(chain, drain)
    before = await history(chain)
    assert await of(chain, one) == [
        ("01-01", "upgrade", "base", "silver"),
        ("02-10", "programme_change", "silver", "argent"),
    ]
    await rebuilt(chain, drain)
    assert await history(chain) == before


async def test_between_two_sales_of_a_day(new_chain: NewChain, drain: Drain) -> None:
    """What was sold that morning is by the old rules, what was sold in the afternoon by the new ones."""
    chain = await chain_with(new_chain, at("2031-01-01 08:00"), ladder())
    one, other = await member(chain), await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await set_clock(chain.tenant_id, at("2031-01-01 12:00"))
    await published(chain, dearer(), "now")
    await work(chain, drain)
    await set_clock(chain.tenant_id, at("2031-01-01 18:00"))
    await bought(chain, "S2", 2000, member_id=one)
    await bought(chain, "S3", 2999, member_id=other)
    before = await history(chain)
    assert [row[1:] for row in await of(chain, one)] == [
        ("upgrade", "base", "silver"),
        ("programme_change", "silver", "base"),
        ("upgrade", "base", "silver"),
    ]
    assert await of(chain, other) == []
    await rebuilt(chain, drain)
    assert await history(chain) == before
    assert await unproved(chain.tenant_id) == []


async def test_history_that_comes_later_is_moved_by_what_was_published_before(
    new_chain: NewChain, drain: Drain
) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    await bought(chain, "S1", 100, member_id=await member(chain))
    await set_clock(chain.tenant_id, at("2031-02-10 12:00"))
    await published(chain, dearer(), "now")
    await work(chain, drain)
    await set_clock(chain.tenant_id, at("2031-03-10 12:00"))
    who = await member(chain, external_id="M1", joined_on="2031-01-01")
    table = "external_id,member,occurred_at,amount\nO1,M1,2031-01-05 10:00,10.00\nO2,M1,2031-02-20 10:00,25.00\n"
    options = {"options": json.dumps({"kind": "purchases", "evaluate": False})}
    files = {"file": ("f.csv", table.encode(), "text/csv")}
    assert (await chain.http.post("/v1/imports", files=files, data=options)).status_code == 202
    await work(chain, drain)
    await rebuilt(chain, drain)
    assert await of(chain, who) == [
        ("01-05", "upgrade", "base", "silver"),
        ("02-10", "programme_change", "silver", "base"),
        ("02-20", "upgrade", "base", "silver"),
    ]
    assert await unproved(chain.tenant_id) == []


@pytest.mark.parametrize("transition", ["now", "next_schedule"])
async def test_a_publish_of_a_midnight_comes_before_its_schedules(
    transition: str, new_chain: NewChain, drain: Drain
) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder("card", LIFE, validity=NEVER))
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    document: Json = (await chain.http.get("/v1/programme")).json() | {"ladders": [dearer(validity=NEVER)]}
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    body = {"transition": transition, "at": "2031-02-01T00:00:00+00:00"}
    answer = await chain.http.post("/v1/programme/draft/publish", json=body)
    assert answer.is_success, answer.text
    await pass_time(chain, drain, at("2031-02-02 12:00"))
    before = await history(chain)
    assert await of(chain, one) == [
        ("01-01", "upgrade", "base", "silver"),
        ("02-01", "programme_change", "silver", "base"),
    ]
    await rebuilt(chain, drain)
    assert await history(chain) == before
    assert await unproved(chain.tenant_id) == []

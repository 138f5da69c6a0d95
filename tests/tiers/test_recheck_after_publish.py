"""A refund before or after a publish: where that only carried the tier over, the recheck looks at what gave it."""

import pytest
from policy_chains import (
    Drain,
    Json,
    NewChain,
    at,
    chain_with,
    ladder,
    numbers_are_one_order,
    publish,
    standings_are_the_last_decisions,
    told,
)
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.proof import unproved
from support.till import bought, given_back, member, rows

NAMED: Json = {"card": {"silver": "argent"}}


def renamed(gold: int = 5000) -> Json:
    card = ladder(refund_recheck="end_of_day")
    card["tiers"][1] |= {"code": "argent"}
    card["tiers"][2]["qualify"] |= {"gte": gold}
    return card


async def silver(new_chain: NewChain, amount: int = 1000) -> tuple[Chain, str, str]:
    """A chain, a member with silver, and the purchase that gave it."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(refund_recheck="end_of_day"))
    who = await member(chain)
    sale = await bought(chain, "s", amount, member_id=who)
    await set_clock(chain.tenant_id, at("2031-01-16 12:00"))
    return chain, who, sale["id"]


async def new_names(chain: Chain, drain: Drain, card: Json, transition: str = "grandfather") -> None:
    await publish(chain, card, transition=transition, holders=NAMED)
    await drain(chain.tenant_id)


async def said_to_be_in_question(chain: Chain, who: str) -> bool:
    shown = await chain.http.get(f"/v1/members/{who}/tier", headers={"Accept-Language": "en"})
    return any("the decision that gave it is made again" in text for text in shown.json()["because"])


async def proved(chain: Chain) -> None:
    assert await rows(chain, "tier_recheck") == []
    await standings_are_the_last_decisions(chain)
    await numbers_are_one_order(chain)
    assert await unproved(chain.tenant_id) == []


@pytest.mark.parametrize("refund_first", [True, False])
async def test_a_tier_that_was_renamed_is_rechecked(refund_first: bool, new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain)
    if refund_first:
        await given_back(chain, sale, "r", 1000)
    await new_names(chain, drain, renamed())
    if not refund_first:
        await given_back(chain, sale, "r", 1000)
    assert await said_to_be_in_question(chain, who)
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert await told(chain) == [
        ("card", "upgrade", "base", "silver"),
        ("card", "programme_change", "silver", "argent"),
        ("card", "refund", "argent", "base"),
    ]
    # By the rules that gave it, as every decision that is made again.
    versions = {row["reason"]: row["programme_version"] for row in await rows(chain, "decision")}
    assert versions["refund"] == versions["upgrade"] == versions["programme_change"] - 1
    await proved(chain)


async def test_what_is_still_earned_stays_under_its_new_name(new_chain: NewChain, drain: Drain) -> None:
    chain, _, sale = await silver(new_chain, 1500)
    await given_back(chain, sale, "r", 500)
    await new_names(chain, drain, renamed())
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert [row[1] for row in await told(chain)] == ["upgrade", "programme_change"]
    await proved(chain)


async def test_a_roll_back_that_gives_the_old_name_back_carries_over_too(new_chain: NewChain, drain: Drain) -> None:
    chain, _, sale = await silver(new_chain)
    await given_back(chain, sale, "r", 1000)
    before = (await chain.http.get("/v1/programme")).json()["version"]
    await new_names(chain, drain, renamed())
    answer = await chain.http.post(f"/v1/programme/versions/{before}/rollback", json={})
    assert answer.status_code == 200, answer.text
    await drain(chain.tenant_id)
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert (await told(chain))[1:] == [
        ("card", "programme_change", "silver", "argent"),
        ("card", "programme_change", "argent", "silver"),
        ("card", "refund", "silver", "base"),
    ]
    await proved(chain)


async def test_a_publish_of_the_same_midnight_does_not_put_it_off(new_chain: NewChain, drain: Drain) -> None:
    chain, _, sale = await silver(new_chain)
    await given_back(chain, sale, "r", 1000)
    await publish(chain, renamed(), transition="grandfather", holders=NAMED, at="2031-01-17T00:00:00Z")
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert [row[1:] for row in await told(chain)] == [
        ("upgrade", "base", "silver"),
        ("programme_change", "silver", "argent"),
        ("refund", "argent", "base"),
    ]
    await proved(chain)


async def test_what_staff_had_set_is_not_in_question(new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain)
    await chain.http.put(f"/v1/members/{who}/tier", json={"tier": "silver", "reason": "a friend"})
    await given_back(chain, sale, "r", 1000)
    await new_names(chain, drain, renamed())
    assert not await said_to_be_in_question(chain, who)
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert (await told(chain))[-1] == ("card", "programme_change", "silver", "argent")
    await proved(chain)


async def test_what_a_publish_gave_is_not_in_question(new_chain: NewChain, drain: Drain) -> None:
    """It moved the member, by what was left: the tier isn't the old one under another name."""
    chain, _, sale = await silver(new_chain)
    await given_back(chain, sale, "r", 100)
    await new_names(chain, drain, renamed(gold=900), "now")
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert await told(chain) == [
        ("card", "upgrade", "base", "silver"),
        ("card", "programme_change", "silver", "gold"),
    ]
    await proved(chain)

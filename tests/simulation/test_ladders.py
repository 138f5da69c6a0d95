"""Whom a simulation is about, as of when, on which ladders, and what becomes of tiers that the draft doesn't have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simulated import (
    CARD,
    NOON,
    URL,
    Drain,
    Json,
    NewChain,
    card_chain,
    draft,
    ladder,
    movers,
    moves,
    off,
    simulated,
    spend,
    tier,
    times,
)
from support.chains import Chain
from support.clock import set_clock
from support.till import bought, member

SILVER = tier(1, "silver", spend(10_000))


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    return await card_chain(new_chain)


async def spender(chain: Chain, amount: int, **fields: Any) -> str:
    one = await member(chain, **fields)
    await bought(chain, one, amount, member_id=one)
    return one


def card(*above: Json) -> Json:
    return {"ladders": [ladder("card", tier(0, "regular"), *above)]}


async def test_an_empty_chain(chain: Chain, drain: Drain) -> None:
    result = await simulated(chain, drain, card(SILVER))
    assert (result["members"], result["winners"], result["losers"]) == (0, 0, 0)
    assert result["moves"] == result["branches"] == result["samples"] == []
    assert result["cost"] == {"discounts": 0, "points": 0, "window_days": 90, "now": {"discounts": 0, "points": 0}}
    assert await movers(chain, result["job_id"]) == []


async def test_who_has_left_or_was_merged_is_left_out(chain: Chain, drain: Drain) -> None:
    stays, goes, twin = [await spender(chain, 20_000) for _ in range(3)]
    assert (await chain.http.delete(f"/v1/members/{goes}")).status_code in {200, 204}
    assert (await chain.http.post(f"/v1/members/{stays}/merge", json={"other_id": twin})).status_code == 200
    result = await simulated(chain, drain, card(tier(1, "silver", spend(35_000)), tier(2, "gold", spend(50_000))))
    assert moves(result) == {("silver", "silver"): 1}


async def test_a_lock_is_kept(chain: Chain, drain: Drain) -> None:
    raised, lowered = await spender(chain, 0), await spender(chain, 20_000)
    for one, code in ((raised, "gold"), (lowered, "regular")):
        body = {"tier": code, "reason": "x", "locked_until": "2031-12-31"}
        assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).status_code == 200
    result = await simulated(chain, drain, card(tier(1, "silver", spend(1)), tier(2, "gold", spend(50_000))))
    assert moves(result) == {("regular", "regular"): 1, ("gold", "gold"): 1}


async def test_as_of_a_day_gone_by(chain: Chain, drain: Drain) -> None:
    """By the tier held then and what was bought until then; who joined later isn't there."""
    await set_clock(chain.tenant_id, NOON - timedelta(days=30))
    one = await spender(chain, 20_000, joined_on="2031-01-01")
    await set_clock(chain.tenant_id, NOON)
    await bought(chain, "later", 60_000, member_id=one)
    await member(chain, joined_on="2031-03-10")
    lower = card(tier(1, "silver", spend(15_000)), tier(2, "gold", spend(18_000)))
    now = await simulated(chain, drain, lower)
    assert moves(now) == {("regular", "regular"): 1, ("gold", "gold"): 1}
    then = await simulated(chain, drain, lower, as_of="2031-02-20")
    assert (then["as_of"], moves(then)) == ("2031-02-21T00:00:00+00:00", {("silver", "gold"): 1})
    before = await simulated(chain, drain, lower, as_of="2031-02-17")
    assert moves(before) == {("regular", "regular"): 1}
    noon = await simulated(chain, drain, lower, as_of="2031-02-18T13:00:00+01:00")
    assert noon["as_of"] == "2031-02-18T12:00:00+00:00"


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2031-03-21", "as-of-in-future"),
        ("2031-03-20T12:10:00Z", "as-of-in-future"),
        ("2031-03-20T12:00:00", "validation-failed"),
        ("2031-02-30", "validation-failed"),
        ("yesterday", "validation-failed"),
        (1, "validation-failed"),
    ],
)
async def test_what_is_no_instant_of_the_past(as_of: Any, code: str, chain: Chain) -> None:
    await draft(chain, card(SILVER, tier(2, "gold", spend(50_000))))
    answer = await chain.http.post(URL, json={"as_of": as_of})
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}"), answer.text


async def test_a_day_ends_where_the_chain_is(new_chain: NewChain, drain: Drain) -> None:
    """The 20th of March in Shanghai ends at 16:00 UTC; today, there, is now."""
    chain = await card_chain(new_chain, timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, datetime(2031, 3, 20, 17, tzinfo=UTC))
    yesterday = await simulated(chain, drain, card(SILVER), as_of="2031-03-20")
    assert yesterday["as_of"] == "2031-03-21T00:00:00+08:00"
    today = await simulated(chain, drain, card(SILVER), as_of="2031-03-21")
    assert today["as_of"].startswith("2031-03-21T01:00:0")


async def test_without_a_draft(chain: Chain) -> None:
    answer = await chain.http.post(URL, json={})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/draft-missing")


async def test_a_renamed_tier_is_no_gain_and_no_loss(chain: Chain, drain: Drain) -> None:
    one = await spender(chain, 20_000)
    renamed = card(tier(1, "argent", spend(10_000)), tier(2, "gold", spend(50_000)))
    await draft(chain, renamed)
    refused = await chain.http.post(URL, json={})
    assert refused.json()["type"] == "/problems/tiers-in-use", refused.text
    result = await simulated(chain, drain, holders={"card": {"silver": "argent"}})
    assert (result["winners"], result["losers"], moves(result)) == (0, 0, {("silver", "argent"): 1})
    (row,) = await movers(chain, result["job_id"])
    assert (row["member_id"], row["direction"]) == (one, "same")
    assert await movers(chain, result["job_id"], direction="up") == []


async def test_a_tier_between_others_moves_no_ranks_by_itself(chain: Chain, drain: Drain) -> None:
    await spender(chain, 20_000)
    await spender(chain, 40_000)
    await spender(chain, 60_000)
    between = card(SILVER, tier(2, "plus", spend(30_000)), tier(3, "gold", spend(50_000)))
    result = await simulated(chain, drain, between)
    assert moves(result) == {("silver", "silver"): 1, ("silver", "plus"): 1, ("gold", "gold"): 1}
    assert (result["winners"], result["losers"]) == (1, 0)


async def test_ladders_come_and_go(new_chain: NewChain, drain: Drain) -> None:
    club = ladder("club", tier(0, "guest"), tier(1, "member", spend(10_000)))
    chain = await card_chain(new_chain, CARD, club)
    await spender(chain, 20_000)
    await spender(chain, 0)
    fresh = ladder("fresh", tier(0, "one"), tier(1, "two", spend(15_000)))
    await draft(chain, {"ladders": [CARD, fresh]})
    assert (await chain.http.post(URL, json={})).json()["type"] == "/problems/tiers-in-use"
    result = await simulated(chain, drain, holders={"club": None})
    assert moves(result) == {("regular", "regular"): 1, ("silver", "silver"): 1}
    assert moves(result, "fresh") == {(None, "one"): 1, (None, "two"): 1}
    assert moves(result, "club") == {("guest", None): 1, ("member", None): 1}
    assert (result["winners"], result["losers"]) == (1, 1)
    assert {row["ladder"] for row in await movers(chain, result["job_id"], direction="down")} == {"club"}


async def test_only_a_base_tier_is_left(chain: Chain, drain: Drain) -> None:
    await spender(chain, 20_000)
    result = await simulated(chain, drain, card(), holders={"card": {"silver": "regular"}})
    assert moves(result) == {("silver", "regular"): 1}


async def test_what_it_would_have_cost(new_chain: NewChain, drain: Drain) -> None:
    """Silver takes 10 % off and doubles, where it took 5 % and gave simple points; a sale 91 days ago is out."""
    silver = tier(1, "silver", spend(10_000), off("5"))
    chain = await card_chain(new_chain, ladder("card", tier(0, "regular"), silver), points={"per_unit": "1"})
    await set_clock(chain.tenant_id, NOON - timedelta(days=91))
    one = await spender(chain, 10_000)
    await set_clock(chain.tenant_id, NOON)
    await bought(chain, "in", 2_005, member_id=one)
    more = tier(1, "silver", spend(10_000), off("10"), times("2"))
    result = await simulated(chain, drain, {"ladders": [ladder("card", tier(0, "regular"), more)]})
    # 20.05 less 2.01 (half up) is 18.04, twice 18.04 points; less 1.00 it is 19.05
    cost = {"discounts": 201, "points": 36, "window_days": 90, "now": {"discounts": 100, "points": 19}}
    assert result["cost"] == cost


async def test_names_are_for_who_may_read_members(chain: Chain, drain: Drain) -> None:
    await spender(chain, 5_000, name="=1+1", phone="13800001111")
    result = await simulated(chain, drain, card(tier(1, "silver", spend(1)), tier(2, "gold", spend(50_000))))
    (row,) = await movers(chain, result["job_id"])
    assert (row["name"], row["phone"]) == ("'=1+1", "'+8613800001111")
    made = await chain.http.post("/v1/api-keys", json={"name": "x", "scopes": ["programme:write"]})
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    shown = await chain.http.get(f"/v1/jobs/{result['job_id']}", headers=headers)
    assert (shown.json()["result"]["samples"], shown.json()["result"]["winners"]) == ([], 1)
    refused = await chain.http.get(f"/v1/programme/simulations/{result['job_id']}/members.csv", headers=headers)
    assert refused.status_code == 403


async def test_doubts_are_said_in_the_readers_language(chain: Chain, drain: Drain) -> None:
    result = await simulated(chain, drain, card(tier(1, "silver", spend(90_000)), tier(2, "gold", spend(50_000))))
    (doubt,) = result["warnings"]
    assert (doubt["code"], "messages" in doubt) == ("lower-asks-more", False)
    chinese = await chain.http.get(f"/v1/jobs/{result['job_id']}", headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["result"]["warnings"][0]["message"] != doubt["message"]

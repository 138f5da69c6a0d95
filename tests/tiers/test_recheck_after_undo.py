"""A refund before an undo: the tier that the undo puts back is still looked at by its recheck."""

from collections.abc import Awaitable, Callable
from typing import Any

from policy_chains import at, chain_with, ladder, standings_are_the_last_decisions, told
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.till import bought, given_back, member, rows

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
DAILY = ladder(refund_recheck="end_of_day")


async def undone(chain: Chain, purchase_id: str) -> None:
    answer = await chain.http.post(f"/v1/purchases/{purchase_id}/undo", json={})
    assert answer.status_code == 200, answer.text


async def silver(new_chain: NewChain, amount: int = 1000) -> tuple[Chain, str, str]:
    """A chain, a member with silver, and the purchase that gave it."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), DAILY)
    who = await member(chain)
    sale = await bought(chain, "s", amount, member_id=who)
    await set_clock(chain.tenant_id, at("2031-01-16 12:00"))
    return chain, who, sale["id"]


async def test_the_tier_that_it_put_back_is_rechecked(new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain)
    await given_back(chain, sale, "r", 500)
    await undone(chain, (await bought(chain, "gold", 5000, member_id=who))["id"])
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert await told(chain) == [
        ("card", "upgrade", "base", "silver"),
        ("card", "upgrade", "silver", "gold"),
        ("card", "refund", "gold", "silver"),
        ("card", "refund", "silver", "base"),
    ]
    assert await rows(chain, "tier_recheck") == []
    await standings_are_the_last_decisions(chain)


async def test_after_two_undos_in_a_row(new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain)
    await given_back(chain, sale, "r", 1)
    for number in "12":
        await undone(chain, (await bought(chain, number, 5000, member_id=who))["id"])
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert (await told(chain))[-1] == ("card", "refund", "silver", "base")


async def test_what_is_still_earned_stays(new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain, 1500)
    await given_back(chain, sale, "r", 500)
    await undone(chain, (await bought(chain, "gold", 5000, member_id=who))["id"])
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert (await told(chain))[-1] == ("card", "refund", "gold", "silver")
    assert await rows(chain, "tier_recheck") == []


async def test_what_staff_had_set_is_not_in_question(new_chain: NewChain, drain: Drain) -> None:
    chain, who, sale = await silver(new_chain)
    await chain.http.put(f"/v1/members/{who}/tier", json={"tier": "silver", "reason": "a friend"})
    await given_back(chain, sale, "r", 1000)
    await undone(chain, (await bought(chain, "gold", 5000, member_id=who))["id"])
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    assert (await told(chain))[-1] == ("card", "refund", "gold", "silver")

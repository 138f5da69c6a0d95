"""Tiers set by staff: what is asked and refused, what is kept, and what happens beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise
from typing import Any

import httpx
import pytest
from policy_chains import (
    MONTH,
    Drain,
    NewChain,
    at,
    chain_with,
    ladder,
    numbers_are_one_order,
    publish,
    standings_are_the_last_decisions,
    told,
)
from runs_over_http import ran
from support.chains import Chain
from support.clock import set_clock
from support.till import bought, member, rows, ticket


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    """Now: 15 January 2031, noon, in Shanghai."""
    now = at("2031-01-15 12:00", "Asia/Shanghai")
    return await chain_with(new_chain, now, ladder(), ladder("club", schedule={"type": "daily"}), zone="Asia/Shanghai")


async def put(chain: Chain, one: str, tier: str, **fields: Any) -> httpx.Response:
    return await chain.http.put(f"/v1/members/{one}/tier", json={"tier": tier, "reason": "老客户", **fields})


async def test_a_tier_is_set_and_shown_with_its_lock(shop: Chain) -> None:
    one = await member(shop)
    answer = await put(shop, one, "gold", locked_until="2031-06-30")
    assert answer.status_code == 200, answer.text
    (decision,) = await rows(shop, "decision")
    assert answer.json() == {
        "ladder": "card",
        "code": "gold",
        "since": "2031-01-15",
        "valid_until": "2031-06-30",
        "locked_until": "2031-06-30",
        "may_rise": True,
        "reason": "manual",
        "decision_id": str(decision["id"]),
    }
    current = (await shop.http.get(f"/v1/members/{one}/tier")).json()["current"]
    assert (current["code"], current["locked_until"], current["reason"]) == ("gold", "2031-06-30", "manual")
    (act,) = await rows(shop, "tier_act")
    assert (act["act"], act["tier"], act["reason"], act["actor"]) == ("set", "gold", "老客户", decision_actor(act))
    assert (decision["cause"], decision["cause_id"]) == ("manual", act["id"])
    assert act["seq"] == decision["seq"] - 1
    await standings_are_the_last_decisions(shop)
    await numbers_are_one_order(shop)


def decision_actor(act: dict[str, Any]) -> str:
    """Whoever it was, it was the chain's key."""
    actor: str = act["actor"]
    assert actor.startswith("key:")
    return actor


async def test_the_other_ladder_is_named(shop: Chain) -> None:
    one = await member(shop)
    assert (await put(shop, one, "silver", ladder="club")).json()["ladder"] == "club"
    assert [row["ladder"] for row in await rows(shop, "member_tier")] == ["club"]
    unlocked = await shop.http.delete(f"/v1/members/{one}/tier?ladder=club")
    assert (unlocked.status_code, unlocked.json()["code"]) == (200, "base")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"tier": "platinum", "reason": "x"}, "/tier", "unknown-tier"),
        ({"tier": "gold", "reason": "x", "ladder": "none"}, "/ladder", "unknown-ladder"),
        ({"tier": "gold"}, "/reason", "required"),
        ({"tier": "gold", "reason": ""}, "/reason", "too-short"),
        ({"tier": "gold", "reason": "  "}, "/reason", "blank"),
        ({"reason": "x"}, "/tier", "required"),
        ({"tier": "gold", "reason": "x", "locked_until": "2031-01-14"}, "/locked_until", "in-the-past"),
        ({"tier": "gold", "reason": "x", "locked_until": "2041-01-16"}, "/locked_until", "too-late"),
        ({"tier": "gold", "reason": "x", "locked_until": "2031-02-30"}, "/locked_until", "invalid-date"),
        ({"tier": "gold", "reason": "x", "locked_until": "2031-06-30T00:00:00Z"}, "/locked_until", "invalid-date"),
        ({"tier": "gold", "reason": "x", "until": "2031-06-30"}, "/until", "unknown-field"),
    ],
)
async def test_what_is_refused_changes_nothing(body: dict[str, Any], pointer: str, code: str, shop: Chain) -> None:
    one = await member(shop)
    answer = await shop.http.put(f"/v1/members/{one}/tier", json=body)
    assert answer.status_code == 422, answer.text
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert await rows(shop, "tier_act") == await rows(shop, "decision") == []
    assert await rows(shop, "member_number") == []


@pytest.mark.parametrize("until", ["2031-01-15", "2041-01-15"])
async def test_the_first_and_the_last_day_that_a_lock_may_have(until: str, shop: Chain) -> None:
    one = await member(shop)
    assert (await put(shop, one, "gold", locked_until=until)).json()["locked_until"] == until


async def test_a_key_needs_the_right_to_change_members(shop: Chain) -> None:
    one = await member(shop)
    made = (await shop.http.post("/v1/api-keys", json={"name": "r", "scopes": ["members:read"]})).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    body = {"tier": "gold", "reason": "x"}
    for answer in (
        await shop.http.put(f"/v1/members/{one}/tier", json=body, headers=headers),
        await shop.http.delete(f"/v1/members/{one}/tier", headers=headers),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_nobodys_tier(shop: Chain) -> None:
    nobody = "01970000-0000-7000-8000-000000000001"
    assert (await put(shop, nobody, "gold")).status_code == 404
    assert (await shop.http.delete(f"/v1/members/{nobody}/tier")).status_code == 404


async def test_who_has_left_keeps_what_there_was(shop: Chain) -> None:
    one = await member(shop)
    assert (await shop.http.delete(f"/v1/members/{one}")).is_success
    for answer in (await put(shop, one, "gold"), await shop.http.delete(f"/v1/members/{one}/tier")):
        assert answer.json()["type"] == "/problems/member-closed", answer.text
    assert await rows(shop, "tier_act") == []


async def test_the_same_again_is_one_act(shop: Chain) -> None:
    one = await member(shop)
    first = await put(shop, one, "gold")
    assert (await put(shop, one, "gold")).json() == first.json()
    assert len(await rows(shop, "tier_act")) == len(await rows(shop, "decision")) == 1
    assert [row["action"] for row in await rows(shop, "audit")].count("member.set_tier") == 1
    # Another reason, another day, another tier: each an act of its own.
    await put(shop, one, "gold", reason="生日")
    await put(shop, one, "gold", locked_until="2031-06-30")
    await put(shop, one, "silver", locked_until="2031-06-30")
    assert len(await rows(shop, "tier_act")) == len(await rows(shop, "decision")) == 4
    # Set anew after the rules decided is no repetition.
    await shop.http.delete(f"/v1/members/{one}/tier")
    await put(shop, one, "silver", locked_until="2031-06-30")
    assert [row[1] for row in await told(shop)][-2:] == ["downgrade", "manual"]


async def test_unlocking_without_a_lock_changes_nothing(shop: Chain, drain: Drain) -> None:
    one = await member(shop)
    await bought(shop, "1", 1000, member_id=one)
    before = await rows(shop, "member_tier")
    for _ in range(2):
        answer = await shop.http.delete(f"/v1/members/{one}/tier")
        assert (answer.status_code, answer.json()["code"]) == (200, "silver")
    assert await rows(shop, "member_tier") == before
    await put(shop, one, "gold", locked_until="2031-01-20")
    await set_clock(shop.tenant_id, at("2031-01-21 12:00", "Asia/Shanghai"))
    assert (await shop.http.delete(f"/v1/members/{one}/tier")).json()["code"] == "gold"  # the lock is over: the rules'
    assert [row["act"] for row in await rows(shop, "tier_act")] == ["set"]
    assert (await ran(shop, drain))["downgraded"] == 1


async def test_unlocking_is_an_act_that_may_decide_nothing(new_chain: NewChain) -> None:
    """Until the next schedule a tier that is kept is kept without a decision; the lock is gone all the same."""
    rules = ladder(window=MONTH, validity={"type": "until_next_schedule"}, upgrade="scheduled")
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), rules)
    one = await member(chain)
    await bought(chain, "1", 1000, member_id=one)
    await put(chain, one, "silver", locked_until="2031-12-31")
    assert (await chain.http.delete(f"/v1/members/{one}/tier")).json()["locked_until"] is None
    (held,) = await rows(chain, "member_tier")
    assert (held["tier"], held["locked_until"], held["may_rise"]) == ("silver", None, True)
    assert [row["act"] for row in await rows(chain, "tier_act")] == ["set", "unlock"]
    assert [row[1] for row in await told(chain)] == ["manual"]
    await put(chain, one, "gold", locked_until="2031-12-31")
    assert (await chain.http.delete(f"/v1/members/{one}/tier")).json()["code"] == "silver"
    await numbers_are_one_order(chain)


async def test_who_was_lowered_stays_also_when_the_lock_is_moved(shop: Chain) -> None:
    one = await member(shop)
    await bought(shop, "1", 5000, member_id=one)
    assert (await put(shop, one, "silver", locked_until="2031-06-30")).json()["may_rise"] is False
    assert (await put(shop, one, "silver", locked_until="2031-12-31")).json()["may_rise"] is False
    made = await bought(shop, "2", 5000, member_id=one)
    assert made["tier"]["after"] == "silver"
    assert (await put(shop, one, "gold", locked_until="2031-12-31")).json()["may_rise"] is True


async def test_a_lock_outlives_a_publish(shop: Chain, drain: Drain) -> None:
    one = await member(shop)
    await put(shop, one, "gold", locked_until="2031-12-31")
    await publish(shop, ladder(schedule={"type": "daily"}), ladder("club"))
    await set_clock(shop.tenant_id, at("2031-03-01 12:00", "Asia/Shanghai"))
    assert (await ran(shop, drain))["downgraded"] == 0


async def test_the_schedule_of_a_day_gone_by_leaves_an_act_alone(shop: Chain, drain: Drain) -> None:
    one = await member(shop)
    await put(shop, one, "gold", locked_until="2031-01-15")
    assert (
        await shop.http.post("/v1/programme/recalculate", json={"as_of": "2031-01-01T00:00:00Z"})
    ).status_code == 409


async def test_acts_purchases_and_runs_at_once_keep_one_order(shop: Chain, drain: Drain) -> None:
    """Whatever comes first, each starts from what the one before it left."""
    members = [await member(shop) for _ in range(4)]

    async def taken(send: Callable[[], Awaitable[httpx.Response]]) -> int:
        """On a slow machine a lock may take longer than anybody waits: who is told so asks again."""
        while (answer := await send()).status_code == 503:
            pass
        return answer.status_code

    async def staff(number: int) -> list[int]:
        statuses = []
        for one in members[number % 2 :: 2]:
            tier = ("base", "silver", "gold")[number % 3]
            statuses.append(await taken(partial(put, shop, one, tier, reason=f"{number}")))
            statuses.append(await taken(partial(shop.http.delete, f"/v1/members/{one}/tier")))
        return statuses

    async def till(number: int) -> list[int]:
        items = [ticket(shop, f"{number}-{n}", 700, member_id=one) for n, one in enumerate(members)]
        return [await taken(partial(shop.http.post, "/v1/purchases", json=item)) for item in items]

    async def batch(number: int) -> list[int]:
        items = [ticket(shop, f"b{number}-{n}", 300, member_id=one) for n, one in enumerate(reversed(members))]
        return [await taken(partial(shop.http.post, "/v1/purchases:batch", json={"items": items}))]

    work = asyncio.gather(*(one(number) for number in range(4) for one in (staff, till, batch)))
    while not work.done():
        await shop.http.post("/v1/programme/recalculate", json={})
        done = await drain(shop.tenant_id)
        assert done.failed == done.dead == 0
    assert {status for statuses in await work for status in statuses} <= {200, 201}
    await numbers_are_one_order(shop)
    await standings_are_the_last_decisions(shop)
    made = sorted(await rows(shop, "decision"), key=lambda row: (row["member_id"].bytes, row["ladder"], row["seq"]))
    for before, after in pairwise(made):
        if (before["member_id"], before["ladder"]) == (after["member_id"], after["ladder"]):
            assert after["from_tier"] == before["to_tier"]
            assert after["recorded_at"] >= before["recorded_at"]
    assert {row["member_id"] for row in await rows(shop, "tier_act")} == {
        row["id"] for row in await rows(shop, "member")
    }

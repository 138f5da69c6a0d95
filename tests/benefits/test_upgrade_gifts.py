"""What reaching a tier brings: for the tier reached, once, whatever is repeated; taken back unused with the tier."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from rules import Json, allowance, at, gift, set_tier, with_benefits
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, pass_time, work
from support.till import bought, given_back, member, rows

from saas.outbox import enqueue
from saas.scope import tenant_scope

NAMES = {"zh-CN": "礼", "en": "A gift"}


async def coupon(chain: Chain, code: str) -> str:
    body = {"code": code, "names": NAMES, "value": {"type": "amount", "amount": 1000}, "valid_days": 30}
    answer = await chain.http.post("/v1/coupons", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def has(chain: Chain, who: str) -> list[tuple[str, str]]:
    """Codes and states of the coupons that a member was given, the first one first."""
    found = [row for row in await rows(chain, "coupon_grant") if str(row["member_id"]) == who]
    return [(row["code"], row["state"]) for row in sorted(found, key=lambda row: row["granted_at"])]


async def waiting(chain: Chain) -> list[str]:
    """Names of the jobs that gifts wait for."""
    return [row["name"] for row in await rows(chain, "outbox") if row["name"].startswith("gifts.")]


async def clear(chain: Chain) -> None:
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1", chain.tenant_id)


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    """Silver, gold and diamond greet whoever reaches them."""
    for code in ("hello-silver", "hello-gold", "hello-diamond"):
        await coupon(chain, code)
    await with_benefits(
        chain,
        silver=[gift("hello-silver")],
        gold=[gift("hello-gold"), gift("hello-silver"), gift("hello-gold", "birthday")],
        diamond=[gift("hello-diamond")],
    )
    return chain


async def test_who_reaches_a_tier_gets_its_gift(shop: Chain, drain: Any) -> None:
    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    who = await member(shop)
    sale = await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    assert await has(shop, who) == [("hello-silver", "open")]
    (given,) = await rows(shop, "coupon_grant")
    assert (given["occasion"], str(given["source_id"])) == ("upgrade", sale["decision_id"])
    assert (str(given["valid_from"]), str(given["valid_until"])) == ("2031-11-22", "2031-12-21")
    (kept,) = await rows(shop, "gift")
    assert (kept["occasion"], kept["tier"], kept["year"], kept["grant_id"]) == ("upgrade", "silver", 0, given["id"])
    (entry,) = await rows(shop, "coupon_entry")
    (person,) = await rows(shop, "member")
    assert entry["seq"] == person["seq"]


async def test_a_tier_gives_all_that_it_has_and_nothing_for_those_skipped(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await bought(shop, "T1", 200_000, member_id=who)
    await work(shop, drain)
    assert sorted(await has(shop, who)) == [("hello-gold", "open"), ("hello-silver", "open")]
    assert {(row["tier"], row["coupon"]) for row in await rows(shop, "gift")} == {
        ("gold", "hello-gold"),
        ("gold", "hello-silver"),
    }


async def test_each_tier_on_the_way_gives_its_own(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    for n, amount in enumerate((50_000, 150_000, 300_000)):
        await bought(shop, f"T{n}", amount, member_id=who)
        await work(shop, drain)
    assert next(code for code, _ in await has(shop, who)) == "hello-silver"
    assert {row["tier"] for row in await rows(shop, "gift")} == {"silver", "gold", "diamond"}


async def test_nothing_is_queued_where_no_gift_hangs_on_the_tier(chain: Chain, drain: Any) -> None:
    await coupon(chain, "hello")
    await with_benefits(chain, gold=[gift("hello")], silver=[allowance("class", "day", 1), gift("hello", "birthday")])
    who = await member(chain)
    await bought(chain, "T1", 50_000, member_id=who)
    assert await waiting(chain) == []
    await bought(chain, "T2", 150_000, member_id=who)
    assert await waiting(chain) == ["gifts.upgrade"]
    await bought(chain, "T3", 1, member_id=who)
    assert await waiting(chain) == ["gifts.upgrade"]
    await work(chain, drain)
    sale = await bought(chain, "T4", 1, member_id=who)
    await given_back(chain, sale["id"], "R1", 1)
    await set_tier(chain, who, "silver")
    assert await waiting(chain) == []


async def test_falling_and_rising_again_gives_once(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    for tier in ("gold", "regular", "gold", "silver", "gold"):
        await set_tier(shop, who, tier, reason=tier)
        await work(shop, drain)
    assert sorted(await has(shop, who)) == [("hello-gold", "open"), ("hello-silver", "open")]


async def test_the_same_job_again_gives_once(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    sale = await bought(shop, "T1", 50_000, member_id=who)
    for _ in range(3):
        async with tenant_scope(shop.tenant_id):
            await enqueue("gifts.upgrade", {"member_id": who, "decision_id": sale["decision_id"]})
    await work(shop, drain)
    assert len(await has(shop, who)) == len(await rows(shop, "gift")) == 1


async def test_the_same_jobs_at_once_give_once(shop: Chain) -> None:
    from tenants.gifts.upgrades import give_for

    who = await member(shop)
    decisions = []
    for n, tier in enumerate(("silver", "regular", "silver", "regular", "silver")):
        held = await set_tier(shop, who, tier, reason=str(n))
        decisions.append(UUID(held["decision_id"]))
    await clear(shop)

    async def one(decision: UUID) -> None:
        async with tenant_scope(shop.tenant_id):
            await give_for([decision])

    await asyncio.gather(*(one(decision) for decision in decisions * 3))
    assert await has(shop, who) == [("hello-silver", "open")]


async def test_another_coupon_later_is_no_second_gift(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await set_tier(shop, who, "silver")
    await work(shop, drain)
    await with_benefits(shop, silver=[gift("hello-diamond")])
    await set_tier(shop, who, "regular")
    await set_tier(shop, who, "silver", reason="again")
    await work(shop, drain)
    assert await has(shop, who) == [("hello-silver", "open")]


async def test_a_coupon_that_is_not_there_gives_nothing_now_and_later(chain: Chain, drain: Any) -> None:
    await with_benefits(chain, silver=[gift("hello")])
    who = await member(chain)
    await set_tier(chain, who, "silver")
    await work(chain, drain)
    assert [row["grant_id"] for row in await rows(chain, "gift")] == [None]
    await coupon(chain, "hello")
    await set_tier(chain, who, "regular")
    await set_tier(chain, who, "silver", reason="again")
    await work(chain, drain)
    assert await has(chain, who) == []


async def test_who_has_lost_the_tier_before_the_job_gets_nothing(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await set_tier(shop, who, "gold")
    await set_tier(shop, who, "silver", reason="a mistake")
    await work(shop, drain)
    assert await has(shop, who) == []


async def test_who_has_left_before_the_job_gets_nothing(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await set_tier(shop, who, "gold")
    await shop.http.delete(f"/v1/members/{who}")
    await work(shop, drain)
    assert await has(shop, who) == []


async def test_unlocking_may_raise(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await set_tier(shop, who, "regular")
    await set_tier(shop, who, "silver", reason="up")
    await set_tier(shop, who, "regular", reason="down")
    await work(shop, drain)
    await bought(shop, "T1", 200_000, member_id=who)
    assert (await shop.http.delete(f"/v1/members/{who}/tier")).json()["code"] == "gold"
    await work(shop, drain)
    assert {row["tier"] for row in await rows(shop, "gift")} == {"gold"}


# ── merges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_merge_counts_both_records_gifts(shop: Chain, drain: Any) -> None:
    survivor, other = await member(shop), await member(shop)
    await set_tier(shop, other, "silver")
    await work(shop, drain)
    await shop.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    await work(shop, drain)
    await set_tier(shop, survivor, "regular")
    await set_tier(shop, survivor, "silver", reason="again")
    await work(shop, drain)
    assert len(await rows(shop, "coupon_grant")) == 1


async def test_a_merge_may_reach_a_tier(shop: Chain, drain: Any) -> None:
    survivor, other = await member(shop), await member(shop)
    for n, who in enumerate((survivor, other)):
        await bought(shop, f"T{n}", 60_000, member_id=who)
    await work(shop, drain)
    await shop.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    await work(shop, drain)
    assert sorted((row["tier"], str(row["member_id"])) for row in await rows(shop, "gift")) == sorted(
        [("silver", survivor), ("silver", other), ("gold", survivor), ("gold", survivor)]
    )


async def test_a_gift_that_waits_goes_to_the_survivor(shop: Chain, drain: Any) -> None:
    survivor, other = await member(shop), await member(shop)
    await set_tier(shop, other, "silver")
    await shop.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    await work(shop, drain)
    assert await has(shop, survivor) == [("hello-silver", "open")]
    assert len(await rows(shop, "gift")) == 1


# ── refunds and undos ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_refund_that_lowers_the_tier_takes_the_gift_back(shop: Chain, drain: Any) -> None:
    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    who = await member(shop)
    await bought(shop, "T1", 50_000, member_id=who)
    lift = await bought(shop, "T2", 150_000, member_id=who)
    await work(shop, drain)
    await given_back(shop, lift["id"], "R1", 150_000)
    await pass_time(shop, drain, at("2031-11-24 12:00"))
    assert (await shop.http.get(f"/v1/members/{who}")).json()["tier"]["code"] == "silver"
    found = {(row["tier"], row["coupon"]): row for row in await rows(shop, "gift")}
    states = {row["id"]: row["state"] for row in await rows(shop, "coupon_grant")}
    assert (
        states[found["gold", "hello-gold"]["grant_id"]] == states[found["gold", "hello-silver"]["grant_id"]] == "void"
    )
    assert states[found["silver", "hello-silver"]["grant_id"]] == "open"
    voids = [row for row in await rows(shop, "coupon_entry") if row["kind"] == "void"]
    (decision,) = [row for row in await rows(shop, "decision") if row["reason"] == "refund"]
    assert {row["source_id"] for row in voids} == {decision["id"]} == {found["gold", "hello-gold"]["taken_back_by"]}
    # What was taken back was never given: whoever earns the tier anew gets its gift.
    await bought(shop, "T3", 150_000, member_id=who)
    await work(shop, drain)
    assert [state for code, state in await has(shop, who) if code == "hello-gold"] == ["void", "open"]
    assert all(row["taken_back_by"] is None for row in await rows(shop, "gift"))


async def test_a_gift_that_was_used_stays_used(shop: Chain, drain: Any) -> None:
    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    who = await member(shop)
    lift = await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    (given,) = await rows(shop, "coupon_grant")
    body = {"grant_id": str(given["id"]), "member_id": who, "branch_id": shop.branch_id}
    used = await shop.http.post("/v1/coupons/redeem", json={k: v for k, v in body.items() if k != "member_id"})
    assert used.status_code == 201, used.text
    await given_back(shop, lift["id"], "R1", 50_000)
    await pass_time(shop, drain, at("2031-11-24 12:00"))
    assert (await shop.http.get(f"/v1/members/{who}")).json()["tier"]["code"] == "regular"
    assert await has(shop, who) == [("hello-silver", "used")]
    await bought(shop, "T2", 50_000, member_id=who)
    await work(shop, drain)
    assert await has(shop, who) == [("hello-silver", "used")]


async def test_a_refund_that_lowers_nothing_takes_nothing(shop: Chain, drain: Any) -> None:
    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    who = await member(shop)
    lift = await bought(shop, "T1", 60_000, member_id=who)
    await work(shop, drain)
    await given_back(shop, lift["id"], "R1", 10_000)
    await pass_time(shop, drain, at("2031-12-02 12:00"))
    assert await has(shop, who) == [("hello-silver", "open")]


async def test_taking_back_comes_after_rising_again(shop: Chain, drain: Any) -> None:
    """Whatever order the jobs run in, who holds the tier has its gift once."""
    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    who = await member(shop)
    lift = await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    await given_back(shop, lift["id"], "R1", 50_000)
    await set_clock(shop.tenant_id, at("2031-11-24 12:00"))
    for _ in range(20):  # one that doesn't come fails the test, and doesn't stop all others
        if [row for row in await rows(shop, "decision") if row["reason"] == "refund"]:
            break
        await _recheck_only(shop, drain)
    (job,) = [row for row in await rows(shop, "outbox") if row["name"] == "gifts.take_back"]
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1 AND id = $2", shop.tenant_id, job["id"])
    await bought(shop, "T2", 50_000, member_id=who)
    await work(shop, drain)
    async with tenant_scope(shop.tenant_id):
        await enqueue(job["name"], json.loads(job["payload"]) if isinstance(job["payload"], str) else job["payload"])
    await work(shop, drain)
    assert [state for _, state in await has(shop, who) if state != "void"] == ["open"]


async def _recheck_only(chain: Chain, drain: Any) -> None:
    """Fires what is due and runs jobs one round at a time, so that a test can look in between."""
    from saas.running import run_due
    from saas.scheduler import fire_due

    await fire_due(chain.tenant_id)
    await run_due(chain.tenant_id)


async def undone(chain: Chain, purchase: Json) -> None:
    answer = await chain.http.post(f"/v1/purchases/{purchase['id']}/undo", json={})
    assert answer.status_code == 200, answer.text


async def test_an_undo_takes_the_gift_back_and_the_right_entry_gives_it(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await bought(shop, "T0", 100, member_id=who)
    mistyped = await bought(shop, "T1", 500_000, member_id=who)
    await work(shop, drain)
    assert await has(shop, who) == [("hello-diamond", "open")]
    await undone(shop, mistyped)
    await work(shop, drain)
    assert await has(shop, who) == [("hello-diamond", "void")]
    for n in range(2):
        again = await bought(shop, f"T{n + 2}", 50_000, member_id=who)
        await work(shop, drain)
        assert (await has(shop, who))[1:] == [("hello-silver", "void")] * n + [("hello-silver", "open")]
        if n == 0:
            await undone(shop, again)
            await work(shop, drain)


async def test_an_undo_before_the_job_leaves_nothing(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await undone(shop, await bought(shop, "T1", 50_000, member_id=who))
    await work(shop, drain)
    assert await has(shop, who) == []
    await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    assert await has(shop, who) == [("hello-silver", "open")]


# ── recalculations ───────────────────────────────────────────────────────────────────────────────────────────────────


async def imported(chain: Chain, drain: Any, kind: str, text: str) -> None:
    files = {"file": ("x.csv", text.encode(), "text/csv")}
    answer = await chain.http.post("/v1/imports", files=files, data={"options": json.dumps({"kind": kind})})
    assert answer.status_code == 202, answer.text
    await work(chain, drain)


async def test_a_run_gives_in_batches_and_once(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.gifts.upgrades.BATCH", 4)
    await imported(shop, drain, "members", "external_id\n" + "".join(f"M{n}\n" for n in range(11)))
    day = "2026-01-05T10:00:00"
    lines = "".join(f"S{n},M{n},{day},{500 if n else 2000}.00\n" for n in range(11))
    await imported(shop, drain, "purchases", "external_id,member,occurred_at,amount\n" + lines)
    gifts = await rows(shop, "gift")
    assert sorted(row["tier"] for row in gifts) == ["gold"] * 2 + ["silver"] * 10
    assert len(await rows(shop, "coupon_grant")) == 12
    (run,) = [row for row in await rows(shop, "recalculation") if row["upgraded"]]
    for _ in range(2):
        async with tenant_scope(shop.tenant_id):
            await enqueue("gifts.run", {"recalculation_id": str(run["id"])})
        await work(shop, drain)
    assert len(await rows(shop, "gift")) == len(await rows(shop, "coupon_grant")) == 12


async def test_a_run_that_dies_in_between_goes_on(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.gifts import upgrades

    monkeypatch.setattr(upgrades, "BATCH", 3)
    give, calls = upgrades.give, []

    async def failing(*args: Any) -> None:
        await give(*args)
        calls.append(len(calls))
        if len(calls) == 2:
            raise RuntimeError("killed before it could commit")

    await imported(shop, drain, "members", "external_id\n" + "".join(f"M{n}\n" for n in range(7)))
    monkeypatch.setattr(upgrades, "give", failing)
    lines = "".join(f"S{n},M{n},2026-01-05T10:00:00,500.00\n" for n in range(7))
    with pytest.raises(AssertionError):  # `work` tells of the failed attempt
        await imported(shop, drain, "purchases", "external_id,member,occurred_at,amount\n" + lines)
    await work(shop, drain)
    assert len(await rows(shop, "gift")) == len(await rows(shop, "coupon_grant")) == 7


async def test_a_tier_that_was_taken_over_brings_no_gift(shop: Chain, drain: Any) -> None:
    await imported(shop, drain, "members", "external_id\nM1\n")
    await imported(shop, drain, "opening_balances", "member,tier\nM1,gold\n")
    assert [row["reason"] for row in await rows(shop, "decision")] == ["import"]
    assert await rows(shop, "gift") == []


async def test_a_rebuild_tells_history_and_gives_nothing(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    assert (await shop.http.post("/v1/programme/recalculate", json={"rebuild": True})).status_code == 202
    await work(shop, drain)
    assert len(await rows(shop, "gift")) == len(await rows(shop, "coupon_grant")) == 1


async def test_a_schedule_that_lifts_gives(shop: Chain, drain: Any) -> None:
    ladders = (await shop.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["policy"] |= {"upgrade": "scheduled", "schedule": {"type": "monthly"}}
    from support.programme import change_programme

    await begin(shop, at("2031-11-22 12:00"), "Asia/Shanghai")
    await change_programme(shop, ladders=ladders)
    who = await member(shop)
    await bought(shop, "T1", 50_000, member_id=who)
    await work(shop, drain)
    assert await has(shop, who) == []
    await pass_time(shop, drain, at("2031-12-01 00:01") + timedelta(hours=1))
    assert await has(shop, who) == [("hello-silver", "open")]


async def test_a_neighbours_gifts_are_its_own(shop: Chain, drain: Any, new_chain: Any) -> None:
    other: Chain = await new_chain()
    who = await member(shop)
    sale: Json = await bought(shop, "T1", 50_000, member_id=who)
    async with tenant_scope(other.tenant_id):
        await enqueue("gifts.upgrade", {"member_id": who, "decision_id": sale["decision_id"]})
        await enqueue("gifts.take_back", {"decision_ids": [sale["decision_id"]]})
        await enqueue("gifts.run", {"recalculation_id": sale["decision_id"]})
    await work(other, drain)
    assert await rows(other, "gift") == await rows(shop, "gift") == []

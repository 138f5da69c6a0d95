"""Who is active in a billing period: what counts and what doesn't, undone and merged around the count."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from support.chains import Chain
from support.clock import owner, set_clock
from using import (
    ask,
    buy,
    claim,
    counted,
    coupon,
    free_classes,
    give_points,
    listed,
    member,
    reward,
    run,
    sell_pass,
    spend_points,
    subscribe,
    top_up,
    use_class,
    use_coupon,
    use_pass,
    visit,
)

NewChain = Callable[..., Awaitable[Chain]]


async def test_what_counts(chain: Chain, drain: Any) -> None:
    await free_classes(chain)
    expected = {}
    who = await member(chain)
    await buy(chain, who)
    expected[who] = "purchase"
    who = await member(chain)
    await visit(chain, who)
    expected[who] = "activity"
    who = await member(chain)
    await top_up(chain, who)
    expected[who] = "top_up"
    who = await member(chain)
    await give_points(chain, who)
    await spend_points(chain, who)
    expected[who] = "redemption"
    who = await member(chain)
    await give_points(chain, who)
    await claim(chain, await reward(chain), who)
    expected[who] = "redemption"
    who = await member(chain)
    await use_coupon(chain, await coupon(chain, who))
    expected[who] = "redemption"
    who = await member(chain)
    await use_pass(chain, await sell_pass(chain, who))
    expected[who] = "redemption"
    who = await member(chain)
    await use_class(chain, who)
    expected[who] = "redemption"
    assert await counted(chain, drain) == expected
    assert await counted(chain, drain) == expected
    usage = await ask(chain, "/v1/billing/usage", method="GET")
    assert usage["active_members"] == {"count": len(expected), "included": 10_000, "further": 0}
    assert (usage["plan"]["code"], usage["expected_invoice"]) == ("trial", None)
    assert [(day["new"], day["count"]) for day in usage["days"]] == [(len(expected), len(expected))]
    tenant = await ask(chain, "/v1/tenant", method="GET")
    assert tenant["use"]["active_members"] == len(expected)


async def test_what_does_not_count(chain: Chain, drain: Any) -> None:
    await free_classes(chain)
    people = [await member(chain) for _ in range(8)]
    await ask(chain, f"/v1/purchases/{(await buy(chain, people[0]))['id']}/undo", {"reason": "x"})
    await ask(chain, f"/v1/wallet/top-ups/{(await top_up(chain, people[1]))['id']}/undo", {"reason": "x"})
    await give_points(chain, people[2])
    await ask(chain, f"/v1/rewards/claims/{await claim(chain, await reward(chain), people[2])}/cancel", {})
    sold = await sell_pass(chain, people[3])
    await ask(chain, f"/v1/passes/{sold}/undo-use", {"entry_id": (await use_pass(chain, sold))["id"]})
    used = await use_class(chain, people[4])
    await ask(chain, f"/v1/members/{people[4]}/allowances/class/uses/{used['id']}/undo", {})
    await coupon(chain, people[5])
    rules = await ask(chain, "/v1/programme", method="GET")
    tier = {"tier": rules["ladders"][0]["tiers"][1]["code"], "reason": "x"}
    await ask(chain, f"/v1/members/{people[6]}/tier", tier, "PUT")
    await ask(chain, f"/v1/members/{people[7]}", {"external_id": "E7"}, "PATCH")
    await _brought(chain, drain, "E7")
    await buy(chain, None)
    assert await counted(chain, drain) == {}


async def _brought(chain: Chain, drain: Any, who: str) -> None:
    """Purchases and activities of former times, and some of today."""
    today = datetime.now(UTC).date()
    files = {
        "purchases": f"external_id,member,occurred_at,amount\nI1,{who},{today} 00:01,20.00\n",
        "activities": f"external_id,member,occurred_at,kind\nI2,{who},{today} 00:01,check_in\n",
    }
    for kind, text in files.items():
        answer = await chain.http.post(
            "/v1/imports",
            files={"file": ("x.csv", text.encode(), "text/csv")},
            data={"options": json.dumps({"kind": kind})},
        )
        await drain(chain.tenant_id)
        state = await ask(chain, f"/v1/imports/{answer.json()['import_id']}", method="GET")
        assert (state["imported"], state["failed"]) == (1, 0), state


async def test_a_refund_takes_no_activity_back(chain: Chain, drain: Any) -> None:
    who = await member(chain)
    made = await buy(chain, who, 10_000)
    await ask(chain, f"/v1/purchases/{made['id']}/refunds", {"external_id": "R", "amount": 10_000})
    assert await counted(chain, drain) == {who: "purchase"}


async def test_undone_after_the_count(chain: Chain, drain: Any) -> None:
    gone, stays, late = [await member(chain) for _ in range(3)]
    await visit(chain, stays)
    purchases = [await buy(chain, who) for who in (gone, stays)]
    assert await counted(chain, drain) == {gone: "purchase", stays: "activity"}
    for made in reversed(purchases):
        await ask(chain, f"/v1/purchases/{made['id']}/undo", {"reason": "x"})
    await buy(chain, late)
    assert await counted(chain, drain) == {stays: "activity", late: "purchase"}


async def test_the_next_fact_stands_in_for_the_first_one_undone(chain: Chain, drain: Any) -> None:
    who = await member(chain)
    first = await use_pass(chain, sold := await sell_pass(chain, who))
    await visit(chain, who)
    assert await counted(chain, drain) == {who: "redemption"}
    await ask(chain, f"/v1/passes/{sold}/undo-use", {"entry_id": first["id"]})
    assert await counted(chain, drain) == {who: "activity"}


async def test_two_records_of_one_person_count_once(chain: Chain, drain: Any) -> None:
    first, second, idle, other = [await member(chain) for _ in range(4)]
    await buy(chain, first)
    await visit(chain, second)
    await visit(chain, other)
    assert len(await counted(chain, drain)) == 3
    await ask(chain, f"/v1/members/{second}/merge", {"other_id": first})
    assert await counted(chain, drain) == {second: "purchase", other: "activity"}
    await ask(chain, f"/v1/members/{idle}/merge", {"other_id": other})
    await ask(chain, f"/v1/members/{idle}/merge", {"other_id": second})
    assert await counted(chain, drain) == {idle: "purchase"}


async def test_merged_and_undone_between_two_counts(chain: Chain, drain: Any) -> None:
    survivor, other = [await member(chain) for _ in range(2)]
    used = await use_pass(chain, sold := await sell_pass(chain, other))
    assert await counted(chain, drain) == {other: "redemption"}
    await ask(chain, f"/v1/members/{survivor}/merge", {"other_id": other})
    await ask(chain, f"/v1/passes/{sold}/undo-use", {"entry_id": used["id"]})
    assert await counted(chain, drain) == {}
    await use_pass(chain, sold)
    assert await counted(chain, drain) == {survivor: "redemption"}


async def test_who_is_erased_still_counts(chain: Chain, drain: Any) -> None:
    before, after = [await member(chain, phone=f"1380000000{n}") for n in range(2)]
    for who in (before, after):
        await buy(chain, who)
    await ask(chain, f"/v1/members/{before}/erase", {})
    assert await counted(chain, drain) == {before: "purchase", after: "purchase"}
    await ask(chain, f"/v1/members/{after}/erase", {})
    assert await counted(chain, drain) == {before: "purchase", after: "purchase"}


async def test_a_period_is_counted_by_when_a_fact_was_recorded(new_chain: NewChain, drain: Any) -> None:
    """Not by when it happened; the end belongs to the next period, whose end is a month's shorter last day."""
    chain = await new_chain(timezone="Asia/Shanghai")
    start, end = datetime(2028, 1, 31, 3, tzinfo=UTC), datetime(2028, 2, 29, 3, tzinfo=UTC)
    await set_clock(chain.tenant_id, start - timedelta(seconds=5))
    await subscribe(chain, start, end)
    early, in_time, late, both = [await member(chain) for _ in range(4)]
    await buy(chain, early)
    await set_clock(chain.tenant_id, start)
    await buy(chain, in_time, occurred_at="2028-01-30T10:00:00Z")
    await buy(chain, both)
    assert await counted(chain, drain) == {in_time: "purchase", both: "purchase"}
    await set_clock(chain.tenant_id, end)
    await buy(chain, late)
    await visit(chain, both)
    await run(chain, drain)  # Stripe hasn't told of the renewal yet
    assert await listed(chain) == {late: "purchase", both: "activity"}
    await subscribe(chain, end, datetime(2028, 3, 31, 3, tzinfo=UTC))
    assert await counted(chain, drain) == {late: "purchase", both: "activity"}
    assert await listed(chain, period_start=start.isoformat()) == {in_time: "purchase", both: "purchase"}
    assert (await ask(chain, "/v1/billing/usage", method="GET"))["period"]["end"] == "2028-03-31T03:00:00Z"


async def test_a_trial_becomes_a_subscription(chain: Chain, drain: Any) -> None:
    """What happened before belongs to the trial, also where nobody counted in between."""
    tried, bought, again = [await member(chain) for _ in range(3)]
    await buy(chain, tried)
    await buy(chain, again)
    assert set(await counted(chain, drain)) == {tried, again}
    start = await (await owner()).fetchval("SELECT clock_timestamp()")
    await subscribe(chain, start, start + timedelta(days=30))
    await buy(chain, bought)
    await visit(chain, again)
    assert await counted(chain, drain) == {bought: "purchase", again: "activity"}


async def test_no_period_no_use(chain: Chain, drain: Any) -> None:
    await set_clock(chain.tenant_id, datetime.now(UTC) + timedelta(days=15))
    await run(chain, drain)
    for path in ("/v1/billing/usage", "/v1/billing/usage/members"):
        assert (await chain.http.get(path)).status_code == 404
        unknown = await chain.http.get(path, params={"period_start": "2020-01-01T00:00:00Z"})
        assert unknown.status_code == 404


async def test_the_page_is_fresh_without_a_night(chain: Chain) -> None:
    who = await member(chain)
    await buy(chain, who)
    assert (await ask(chain, "/v1/billing/usage", method="GET"))["active_members"]["count"] == 1
    assert await listed(chain) == {who: "purchase"}


async def test_who_was_counted_is_forgotten_and_how_many_is_not(chain: Chain, drain: Any) -> None:
    await buy(chain, await member(chain))
    assert len(await counted(chain, drain)) == 1
    start = (await ask(chain, "/v1/billing/usage", method="GET"))["period"]["start"]
    await set_clock(chain.tenant_id, datetime.now(UTC) + timedelta(days=15 + 100))
    await run(chain, drain)
    shown = await chain.http.get("/v1/billing/usage", params={"period_start": start})
    assert shown.json()["active_members"]["count"] == 1
    assert (await ask(chain, "/v1/billing/usage", method="GET"))["period"]["start"] == start  # it has none since
    assert await listed(chain, period_start=start) == {}

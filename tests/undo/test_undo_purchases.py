"""A clerk takes the last purchase back: everything is as if it had never been, and its number is free again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.clock import owner
from support.till import bought, buy, drift, give_back, member, rows

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers

Drain = Callable[..., Awaitable[Any]]
LINES = [{"category": "tea", "amount": 700}, {"category": "cake", "amount": 300}, {"amount": 500}]


async def undo(chain: Chain, purchase_id: str, **fields: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/purchases/{purchase_id}/undo", json=fields)


async def undone(chain: Chain, purchase_id: str, **fields: Any) -> dict[str, Any]:
    answer = await undo(chain, purchase_id, **fields)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def code(answer: httpx.Response) -> str:
    kind: str = answer.json()["type"]
    return kind.rpartition("/")[2]


async def tiers(chain: Chain, member_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await chain.http.get(f"/v1/members/{member_id}")).json()["tiers"]
    return {ladder: {k: v for k, v in held.items() if k != "decision_id"} for ladder, held in shown.items()}


async def test_the_only_purchase_of_a_member_never_was(chain: Chain) -> None:
    one = await member(chain)
    held = await tiers(chain, one)
    sale = await bought(chain, "1", None, member_id=one, lines=LINES, sold_by="小李")
    answer = await undone(chain, sale["id"], reason="多扫了一件")
    assert answer == {
        "id": sale["id"],
        "member_id": one,
        "branch_id": chain.branch_id,
        "external_id": "1",
        "amount": 1500,
        "undone_at": answer["undone_at"],
        "reason": "多扫了一件",
        "points_reversed": sale["points_earned"],
        "points_returned": 0,
        "wallet": {"principal": 0, "bonus": 0},
        "coupons": [],
        "tiers": [],
    }
    assert await undone(chain, sale["id"], reason="多扫了一件") == answer
    assert await tiers(chain, one) == held
    for table in ("member_day", "member_month", "member_total", "purchase_external"):
        assert await rows(chain, table) == [], table
    assert not any(row["total"] or row["facts"] for row in await rows(chain, "measure_day"))
    assert await drift(chain) == []
    assert (await chain.http.get(f"/v1/purchases/{sale['id']}")).json()["undone_at"] == answer["undone_at"]
    (listed,) = (await chain.http.get(f"/v1/members/{one}/purchases")).json()["data"]
    assert listed["undone_at"] == answer["undone_at"]
    log = (await chain.http.get("/v1/audit-log")).json()["data"][0]
    assert (log["action"], log["target"]) == ("purchase.undo", f"purchase:{sale['id']}")


async def test_its_number_is_free_again(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", 1000, member_id=one)
    await undone(chain, sale["id"])
    again = await bought(chain, "1", 900, member_id=one)
    assert again["id"] != sale["id"]
    assert (await buy(chain, "1", 900, member_id=one)).json()["id"] == again["id"]
    assert await drift(chain) == []


async def test_one_of_several_on_a_day_leaves_the_others(chain: Chain) -> None:
    one = await member(chain)
    for number, amount in enumerate((300, 500)):
        await bought(chain, str(number), amount, member_id=one)
    sale = await bought(chain, "9", 900, member_id=one)
    await undone(chain, sale["id"])
    (day,) = await rows(chain, "member_day")
    assert (day["spend"], day["purchases"], day["max_purchase"]) == (800, 2, 500)
    assert await drift(chain) == []


async def test_what_came_before_can_be_undone_after_it(chain: Chain) -> None:
    """The last entry that stands is the last one."""
    one = await member(chain)
    first, second = [await bought(chain, n, 100, member_id=one) for n in "12"]
    assert code(await undo(chain, first["id"])) == "undo-not-last"
    await undone(chain, second["id"])
    await undone(chain, first["id"])
    assert await drift(chain) == []


async def test_the_tier_that_it_gave_goes_back_at_once(chain: Chain) -> None:
    one = await member(chain, joined_on="2024-01-01")
    before = await tiers(chain, one)
    sale = await bought(chain, "1", 500_000, member_id=one)
    assert sale["tiers"]
    answer = await undone(chain, sale["id"])
    assert [(t["ladder"], t["before"], t["after"], t["reason"]) for t in answer["tiers"]] == [
        (t["ladder"], t["after"], t["before"], "refund") for t in sale["tiers"]
    ]
    after = await tiers(chain, one)
    for ladder, held in before.items():
        assert {**after[ladder], "reason": None} == {**held, "reason": None}
    last = (await chain.http.get(f"/v1/members/{one}/decisions")).json()["data"][0]
    assert (last["reason"], last["cause"], last["cause_id"]) == ("refund", "undo", sale["id"])
    assert (await undo(chain, sale["id"])).json() == answer


async def test_a_tier_held_before_is_held_again_with_its_days(chain: Chain) -> None:
    """Of two upgrades the second is taken back, to the very row that it replaced."""
    one = await member(chain)
    first = await bought(chain, "1", 60_000, member_id=one)
    (held,) = await rows(chain, "member_tier")
    second = await bought(chain, "2", 5_000_000, member_id=one)
    assert first["tiers"][0]["after"] == second["tiers"][0]["before"]
    await undone(chain, second["id"])
    (restored,) = await rows(chain, "member_tier")
    moved = {"decision_id", "effective_at", "reason"}
    assert {k: v for k, v in restored.items() if k not in moved} == {k: v for k, v in held.items() if k not in moved}


async def test_a_lock_that_ended_without_a_decision_stays_ended(chain: Chain) -> None:
    """What the purchase replaced is more than the decision before it says: staff had unlocked the tier since."""
    one = await member(chain)
    base = (await chain.http.get("/v1/programme")).json()["ladders"][0]["tiers"][0]["code"]
    by_hand = {"tier": base, "reason": "x", "locked_until": "2030-01-01"}
    assert (await chain.http.put(f"/v1/members/{one}/tier", json=by_hand)).status_code == 200
    assert (await chain.http.delete(f"/v1/members/{one}/tier")).status_code == 200
    (unlocked,) = await rows(chain, "member_tier")
    assert unlocked["locked_until"] is None
    sale = await bought(chain, "1", 60_000, member_id=one)
    assert (await undone(chain, sale["id"]))["tiers"][0]["after"] == base
    (restored,) = await rows(chain, "member_tier")
    assert (restored["locked_until"], restored["may_rise"], restored["rank"]) == (None, True, 0)


async def test_who_brought_the_buyer_loses_the_count(chain: Chain, drain: Drain) -> None:
    one = await member(chain)
    friend = await member(chain, referrer_id=one)
    sale = await bought(chain, "1", 1000, member_id=friend)
    await drain(chain.tenant_id)
    assert [row["counted_on"] is not None for row in await rows(chain, "referral")] == [True]
    await undone(chain, sale["id"])
    await drain(chain.tenant_id)
    assert [row["counted_on"] for row in await rows(chain, "referral")] == [None]
    assert await drift(chain) == []


async def test_a_guest_s_purchase(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000)
    answer = await undone(chain, sale["id"])
    assert (answer["member_id"], answer["tiers"]) == (None, [])
    assert (await undo(chain, sale["id"])).json() == answer
    assert code(await give_back(chain, sale["id"], "r1", 100)) == "purchase-undone"


async def test_nothing_is_given_back_of_it(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000, member_id=await member(chain))
    await undone(chain, sale["id"])
    assert code(await give_back(chain, sale["id"], "r1", 100)) == "purchase-undone"


async def test_not_after_a_refund(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000, member_id=await member(chain))
    assert (await give_back(chain, sale["id"], "r1", 100)).status_code == 201
    assert code(await undo(chain, sale["id"])) == "undo-used"


async def test_not_after_fifteen_minutes(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000, member_id=await member(chain))
    await later(chain, timedelta(minutes=14, seconds=50))
    other = await bought(chain, "2", 1000, sold_by="小王")
    await undone(chain, sale["id"])
    await later(chain, timedelta(minutes=15))
    assert code(await undo(chain, other["id"])) == "undo-too-late"
    assert (await undo(chain, sale["id"])).status_code == 200  # what was undone is


async def test_another_key_s_entry_is_not_ours(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000)
    made = await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": ["purchases:write"]})
    other = {"Authorization": f"Bearer {made.json()['key']}"}
    answer = await chain.http.post(f"/v1/purchases/{sale['id']}/undo", json={}, headers=other)
    assert (answer.status_code, code(answer)) == (409, "undo-not-yours")


async def test_clerks_who_share_a_till(chain: Chain) -> None:
    """Each has a last entry of its own; who names itself may only take back what is its."""
    first = await bought(chain, "1", 1000, sold_by="小李")
    await bought(chain, "2", 1000, sold_by="小王")
    assert code(await undo(chain, first["id"], sold_by="小王")) == "undo-not-yours"
    await undone(chain, first["id"], sold_by="小李")


async def test_other_branches_have_last_entries_of_their_own(chain: Chain) -> None:
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    first = await bought(chain, "1", 1000)
    await bought(chain, "2", 1000, branch_id=two)
    await undone(chain, first["id"])


async def test_not_where_a_later_purchase_stands_on_its_tier(chain: Chain) -> None:
    one = await member(chain)
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    sale = await bought(chain, "1", 500_000, member_id=one)
    later_sale = await bought(chain, "2", 1000, member_id=one, branch_id=two)
    assert code(await undo(chain, sale["id"])) == "undo-used"
    await undone(chain, later_sale["id"])
    await undone(chain, sale["id"])


async def test_a_tier_decided_by_hand_since_stays(chain: Chain) -> None:
    one = await member(chain)
    ladder = (await chain.http.get("/v1/programme")).json()["ladders"][0]
    sale = await bought(chain, "1", 60_000, member_id=one)
    body = {"tier": ladder["tiers"][-1]["code"], "reason": "老顾客", "ladder": ladder["code"]}
    assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).status_code == 200
    assert (await undone(chain, sale["id"]))["tiers"] == []
    assert (await tiers(chain, one))[ladder["code"]]["code"] == ladder["tiers"][-1]["code"]


async def test_not_of_who_has_left_or_was_merged(chain: Chain) -> None:
    left, merged, stays = [await member(chain) for _ in range(3)]
    first = await bought(chain, "1", 1000, member_id=merged)
    assert (await chain.http.post(f"/v1/members/{stays}/merge", json={"other_id": merged})).is_success
    assert code(await undo(chain, first["id"])) == "undo-used"
    second = await bought(chain, "2", 1000, member_id=left)
    assert (await chain.http.delete(f"/v1/members/{left}")).is_success
    assert code(await undo(chain, second["id"])) == "member-closed"


async def test_unknown_and_imported_ones(chain: Chain) -> None:
    sale = await bought(chain, "1", 1000)
    assert (await undo(chain, "01970000-0000-7000-8000-000000000003")).status_code == 404
    await (await owner()).execute("UPDATE purchase SET source = 'import' WHERE tenant_id = $1", chain.tenant_id)
    assert code(await undo(chain, sale["id"])) == "undo-not-yours"


@pytest.mark.parametrize("known", [True, False], ids=["member", "guest"])
async def test_two_undos_and_refunds_at_once(known: bool, chain: Chain) -> None:
    who = {"member_id": await member(chain)} if known else {}
    for number in range(4):
        sale = await bought(chain, str(number), 1000, **who)
        answers = await asyncio.gather(
            *(undo(chain, sale["id"]) for _ in range(3)),
            *(give_back(chain, sale["id"], f"{number}-{n}", 400) for n in range(3)),
        )
        undos, backs = answers[:3], answers[3:]
        if any(a.status_code == 200 for a in undos):
            assert {a.status_code for a in backs} == {409}
            assert len({a.text for a in undos if a.status_code == 200}) == 1
        else:
            assert sorted(a.status_code for a in backs) == [201, 201, 422]
    assert await drift(chain) == []


async def test_sales_refunds_and_undos_of_one_member_at_once(chain: Chain) -> None:
    one = await member(chain)

    async def till(number: int) -> None:
        for n in range(4):
            clerk = f"clerk {number}"
            sale = await bought(chain, f"{number}-{n}", None, member_id=one, lines=LINES, sold_by=clerk)
            if n % 2:
                assert (await undo(chain, sale["id"], sold_by=clerk)).status_code in {200, 409}
            else:
                assert (await give_back(chain, sale["id"], f"{number}-{n}", 700)).status_code == 201

    await asyncio.gather(*(till(number) for number in range(5)))
    assert len(await rows(chain, "purchase_undone")) >= 1
    assert await drift(chain) == []
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []


async def later(chain: Chain, by: timedelta) -> None:
    await (await owner()).execute(
        "UPDATE tenant SET clock_offset = clock_offset + $2 WHERE tenant_id = $1", chain.tenant_id, by
    )

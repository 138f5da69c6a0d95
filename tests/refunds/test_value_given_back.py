"""Refunds of what points, stored value and coupons paid: everything goes back to where it came from, once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from support.chains import Chain
from support.clock import set_clock
from support.midnights import work
from support.till import bought, give_back, given_back, member, rows
from support.value import LINES, coupon, furnished, holds, set_up, sound

BY_VALUE = {"points_to_redeem": 3_000, "wallet_amount": 14_000}


def no_id(back: dict[str, Any]) -> dict[str, Any]:
    return {name: back[name] for name in ("tenders", "points_reversed", "points_returned", "wallet", "left")}


async def test_a_part_and_then_the_rest(chain: Chain) -> None:
    """300.00 at list prices, 10.00 off by a coupon: 290.00, of which points pay 30.00 and the wallet 140.00 (100.00 of
    principal and 40.00 of bonus), cash 120.00.
    """
    await set_up(chain)
    who = await furnished(chain)
    grant = await coupon(chain, who)
    before = await holds(chain, who)
    assert before["wallet"] == {"principal": 50_000, "bonus": 20_000}
    sale = await bought(
        chain,
        "1",
        None,
        member_id=who,
        lines=LINES,
        coupons=[grant],
        external_amounts=False,
        tenders=[{"type": "cash", "amount": 12_000}],
        **BY_VALUE,
    )
    assert (sale["paid"], sale["wallet"]) == (29_000, {"principal": 10_000, "bonus": 4_000})
    assert (await holds(chain, who))["coupons"] == []
    await sound(chain)
    # Half: 14500 × 3000/29000 = 1500, × 10000/29000 = 5000, × 4000/29000 = 2000, cash the rest.
    half = await given_back(chain, sale["id"], "r1", 14_500)
    assert no_id(half) == {
        "tenders": [
            {"type": "points", "amount": 1_500, "points": 1_500},
            {"type": "wallet", "amount": 7_000, "principal": 5_000, "bonus": 2_000},
            {"type": "cash", "amount": 6_000},
        ],
        "points_reversed": half["points_reversed"],
        "points_returned": 1_500,
        "wallet": {"principal": 5_000, "bonus": 2_000},
        "left": 14_500,
    }
    assert 0 < half["points_reversed"] < sale["points_earned"]
    assert (await holds(chain, who))["coupons"] == []
    await sound(chain)
    rest = await given_back(chain, sale["id"], "r2", 14_500)
    assert rest["points_reversed"] == sale["points_earned"] - half["points_reversed"]
    assert await holds(chain, who) == before
    await sound(chain)
    again = await give_back(chain, sale["id"], "r1", 14_500)
    assert (again.status_code, again.json()) == (200, half)
    listed = (await chain.http.get(f"/v1/purchases/{sale['id']}/refunds")).json()["data"]
    assert listed == [rest, half]


async def test_by_single_fen_to_the_end(chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain, points=100)
    before = await holds(chain, who)
    lines = [{"category": "tea", "amount": 7}, {"category": "cake", "amount": 3}, {"amount": 2}]
    sale = await bought(
        chain, "1", None, member_id=who, lines=lines, points_to_redeem=5, wallet_amount=5,
        tenders=[{"type": "cash", "amount": 1}, {"type": "card", "amount": 1}],
    )  # fmt: skip
    for fen in range(12):
        await given_back(chain, sale["id"], str(fen), 1)
        await sound(chain)
    assert await holds(chain, who) == before
    assert (await give_back(chain, sale["id"], "more", 1)).status_code == 422


async def test_bonus_that_counts_nowhere_comes_back_uncounted(chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain)
    sale = await bought(chain, "1", None, member_id=who, lines=LINES, wallet_amount=30_000)
    (day,) = await rows(chain, "member_day")
    (stored,) = await rows(chain, "purchase")
    assert (day["spend"], day["max_purchase"], stored["uncounted"]) == (21_429, 21_429, 8_571)
    await given_back(chain, sale["id"], "r1", None, lines=[{"line": 0, "amount": 10_001}])
    (day,) = await rows(chain, "member_day")
    (left,) = await rows(chain, "purchase_refunded")
    assert day["spend"] == 30_000 - 10_001 - (8_571 - left["uncounted"])
    await sound(chain)


async def test_where_bonus_counts_it_counts(chain: Chain) -> None:
    await set_up(chain, bonus_earns=True)
    who = await furnished(chain)
    sale = await bought(chain, "1", None, member_id=who, lines=LINES, wallet_amount=30_000)
    await given_back(chain, sale["id"], "r1", 10_001)
    assert (await rows(chain, "member_day"))[0]["spend"] == 19_999
    await sound(chain)


async def test_points_spent_meanwhile_become_debt(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    sale = await bought(chain, "1", 50_000, member_id=who)
    assert sale["points_earned"] == 500
    spent = await chain.http.post("/v1/points/redeem", json={"member_id": who, "points": 450})
    assert spent.status_code == 201, spent.text
    back = await given_back(chain, sale["id"], "r1", 50_000)
    assert back["points_reversed"] == 500
    assert (await holds(chain, who))["points"] == -450
    await sound(chain)
    earned = (await bought(chain, "2", 60_000, member_id=who))["points_earned"]
    assert (await holds(chain, who))["points"] == earned - 450
    await sound(chain)


async def test_points_that_expired_meanwhile_live_on_for_thirty_days(chain: Chain) -> None:
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    await set_clock(chain.tenant_id, noon)
    await set_up(chain)
    who = await member(chain)
    given = {"member_id": who, "points": 1_000, "reason": "x", "expires_on": "2026-03-10"}
    assert (await chain.http.post("/v1/points/adjust", json=given)).status_code == 201
    sale = await bought(chain, "1", 1_000, member_id=who, points_to_redeem=1_000)
    await set_clock(chain.tenant_id, noon + timedelta(days=20))
    back = await given_back(chain, sale["id"], "r1", 400)
    assert back["points_returned"] == 400
    (lot,) = [lot for lot in await rows(chain, "points_lot") if lot["left"]]
    assert (lot["points"], str(lot["expires_on"])) == (400, "2026-04-21")
    await sound(chain)


async def test_a_coupon_comes_back_only_while_it_is_valid(chain: Chain) -> None:
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    await set_clock(chain.tenant_id, noon)
    await set_up(chain)
    who = await member(chain)
    grant = await coupon(chain, who, valid_days=3)
    sale = await bought(chain, "1", 5_000, member_id=who, coupons=[grant], external_amounts=False)
    await set_clock(chain.tenant_id, noon + timedelta(days=3))
    await given_back(chain, sale["id"], "r1", sale["paid"])
    assert (await rows(chain, "coupon_grant"))[0]["state"] == "used"
    await sound(chain)


async def test_who_has_left_is_paid_principal_and_nothing_else(chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain)
    sale = await bought(chain, "1", None, member_id=who, lines=LINES, points_to_redeem=1_000, wallet_amount=14_000)
    gone = await chain.http.delete(f"/v1/members/{who}")
    assert gone.is_success, gone.text
    back = await given_back(chain, sale["id"], "r1", sale["paid"])
    assert (back["points_reversed"], back["points_returned"]) == (0, 0)
    (account,) = await rows(chain, "wallet_account")
    assert (account["principal"], account["bonus"]) == (50_000, 0)
    await sound(chain)


async def test_of_a_merged_member_it_goes_to_the_survivor(chain: Chain) -> None:
    await set_up(chain)
    who, stays = await furnished(chain), await member(chain)
    before = await holds(chain, who)
    sale = await bought(chain, "1", None, member_id=who, lines=LINES, points_to_redeem=1_000, wallet_amount=14_000)
    merged = await chain.http.post(f"/v1/members/{stays}/merge", json={"other_id": who})
    assert merged.is_success, merged.text
    await given_back(chain, sale["id"], "r1", 10_000)
    await given_back(chain, sale["id"], "r2", sale["paid"] - 10_000)
    assert await holds(chain, stays) == before
    await sound(chain)


async def test_sales_and_refunds_of_one_member_at_once(chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain, points=20_000, top_up=100_000)
    before = await holds(chain, who)

    async def till(number: int) -> None:
        sale = await bought(
            chain, str(number), None, member_id=who, lines=LINES, points_to_redeem=700, wallet_amount=7_000
        )
        for part in (9_999, 1, sale["paid"] - 10_000):
            await given_back(chain, sale["id"], f"{number}-{part}", part)

    await asyncio.gather(*(till(number) for number in range(8)))
    assert await holds(chain, who) == before
    await sound(chain)


async def test_a_refund_of_a_file_gives_value_back_too(chain: Chain, drain: Any) -> None:
    await set_up(chain)
    who = await furnished(chain)
    before = await holds(chain, who)
    await bought(chain, "T1", 30_000, member_id=who, points_to_redeem=1_000, wallet_amount=14_000)
    branch = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]
    text = (
        "external_id,member,branch,occurred_at,amount,refund_of\n"
        f"R1,,{branch},2026-01-01T00:00:00,-100.00,T1\nR2,,{branch},2026-01-02T00:00:00,-200.00,T1\n"
    )
    files = {"file": ("p.csv", text.encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "evaluate": False})}
    started = await chain.http.post("/v1/imports", files=files, data=options)
    assert started.status_code == 202, started.text
    await work(chain, drain)
    shown = (await chain.http.get(f"/v1/imports/{started.json()['import_id']}")).json()
    assert (shown["imported"], shown["failed"]) == (2, 0), shown
    assert await holds(chain, who) == before
    await sound(chain)

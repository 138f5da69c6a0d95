"""Two tills that serve one member at the same instant give what one after the other would."""

import asyncio
from collections import Counter
from typing import Any

from purchases import purse
from support.chains import Chain
from support.till import drift, rows

EARN = {"per_unit": "1", "redeem": {"points": 1, "amount": 1}}


async def at_once(chain: Chain, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers, in the bodies' order; refusals by their type."""
    answers = await asyncio.gather(*(chain.http.post("/v1/purchases", json=body) for body in bodies))
    return [answer.json() | {"status": answer.status_code} for answer in answers]


def kinds(answers: list[dict[str, Any]]) -> Counter[str]:
    return Counter(a.get("type", "sold").removeprefix("/problems/") if a["status"] != 200 else "again" for a in answers)


async def test_the_wallet_pays_no_more_than_it_holds(chain: Chain) -> None:
    await purse.rules(chain, wallet={"top_up_bonus": [{"amount": 1000, "bonus": 200}]})
    who = await purse.holder(chain)
    await purse.money(chain, who, 1000)
    bodies = [purse.basket(chain, member_id=who, amount=300, wallet_amount=300) for _ in range(6)]
    assert kinds(await at_once(chain, bodies)) == {"sold": 4, "wallet-balance-too-low": 2}
    assert (await chain.http.get(f"/v1/members/{who}")).json()["wallet"] == {"principal": 0, "bonus": 0}
    assert await drift(chain) == []
    await purse.balanced(chain)


async def test_points_are_spent_once_and_balances_follow_each_other(chain: Chain) -> None:
    await purse.rules(chain, points=EARN)
    who = await purse.holder(chain)
    await purse.points(chain, who, 250)
    bodies = [purse.basket(chain, member_id=who, amount=200, points_to_redeem=100) for _ in range(5)]
    answers = await at_once(chain, bodies)
    assert kinds(answers) == {"sold": 2, "not-enough-points": 3}
    assert sorted(a["points"]["balance"] for a in answers if a["status"] == 201) == [52, 151]
    await purse.balanced(chain)


async def test_a_coupon_is_used_once(chain: Chain) -> None:
    await purse.rules(chain)
    who = await purse.holder(chain)
    mine = await purse.given(chain, who, "amount", 100)
    (number,) = await purse.printed(chain, "amount", 100)
    bodies = [purse.basket(chain, member_id=who, amount=200, coupons=[mine]) for _ in range(4)]
    bodies += [purse.basket(chain, amount=200, coupons=[number]) for _ in range(4)]
    assert kinds(await at_once(chain, bodies)) == {"sold": 2, "coupon-not-usable": 6}
    assert len(await rows(chain, "purchase")) == 2
    await purse.balanced(chain)


async def test_two_printed_coupons_in_either_order_never_block_each_other(chain: Chain) -> None:
    await purse.rules(chain)
    numbers = await purse.printed(chain, "amount", 10, 10, combines={"coupons": True})
    pairs = [(numbers[n], numbers[(n + 1) % 10]) for n in range(10)]
    bodies = [purse.basket(chain, amount=200, coupons=list(pair)) for pair in (*pairs, *(p[::-1] for p in pairs))]
    found = kinds(await at_once(chain, bodies))
    assert set(found) == {"sold", "coupon-not-usable"}
    assert found["sold"] <= 5
    await purse.balanced(chain)


async def test_the_same_ticket_twice_at_once_is_one_sale(chain: Chain) -> None:
    answers = await at_once(chain, [await purse.all_spent(chain)] * 6)
    assert sorted(a["status"] for a in answers) == [200] * 5 + [201]
    first = {name: value for name, value in answers[0].items() if name != "status"}
    assert all(first == {k: v for k, v in a.items() if k != "status"} for a in answers)
    (number,) = await purse.printed(chain, "amount", 10)
    body = purse.basket(chain, amount=200, coupons=[number])
    assert sorted(a["status"] for a in await at_once(chain, [body] * 6)) == [200] * 5 + [201]
    assert len(await rows(chain, "purchase")) == 2
    await purse.balanced(chain)


async def test_batches_with_the_same_printed_coupons_go_one_after_the_other(chain: Chain) -> None:
    await purse.rules(chain)
    who = [await purse.holder(chain) for _ in range(2)]
    numbers = await purse.printed(chain, "amount", 10, 6)
    batches = [
        [purse.basket(chain, member_id=who[n % 2], amount=200, coupons=[number]) for n, number in enumerate(order)]
        for order in (numbers, numbers[::-1], numbers)
    ]
    answers = await asyncio.gather(
        *(chain.http.post("/v1/purchases:batch", json={"items": items}) for items in batches)
    )
    statuses = Counter(outcome["status"] for answer in answers for outcome in answer.json()["data"])
    assert statuses == {201: 6, 409: 12}
    await purse.balanced(chain)

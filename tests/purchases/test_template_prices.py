"""The templates' own examples at the till: what each tier pays and earns, as the market's documents have it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from purchases import purse
from support.chains import Chain
from support.counter import topped_up
from support.till import member

NewChain = Callable[..., Awaitable[Chain]]


async def test_courier_pays_and_earns_by_the_tier_held_before(new_chain: NewChain) -> None:
    """5, 10, 15, 20 % off; 1, 1.5, 2, 2.5 points a yuan. What was paid adds up: 500, 1000 and 3000 yuan lift."""
    chain = await new_chain(template="courier")
    who = await member(chain, birthday="1990-01-01")
    story = []
    for amount in (52_631, 1, 55_500, 20_000, 200_000, 100_000):
        made = await purse.bought(chain, member_id=who, amount=amount)
        story.append((made["tier"]["before"], made["paid"], made["points_earned"], made["tier"]["after"]))
    assert story == [
        ("regular", 49_999, 499, "regular"),  # 5 % of 526.31 is 26.3155: 26.32 off; 499.99 yuan × 1
        ("regular", 1, 0, "silver"),  # 5 % of a fen is 0.05: nothing off; that makes 500.00
        ("silver", 49_950, 749, "silver"),  # 10 % is 55.50; 499.50 × 1.5 = 749.25
        ("silver", 18_000, 270, "gold"),  # 180.00 × 1.5; that makes 1,179.50
        ("gold", 170_000, 3400, "gold"),  # 15 %; 1,700.00 × 2; that makes 2,879.50
        ("gold", 85_000, 1700, "platinum"),
    ]
    last = await purse.bought(chain, member_id=who, amount=10_010)
    assert (last["paid"], last["points_earned"]) == (8008, 200)  # 20 % off; 80.08 × 2.5 = 200.2
    shown = (await chain.http.get(f"/v1/members/{who}")).json()
    assert shown["points"]["balance"] == 499 + 749 + 270 + 3400 + 1700 + 200


@pytest.mark.parametrize(
    ("tier", "paid", "why"),
    [(None, 94_905, "9.5折: 49.95 off"), ("silver", 89_910, "9折: 99.90"), ("gold", 84_915, "8.5折: 149.85")],
)
async def test_shoes_at_9_5_9_and_8_5_zhe(new_chain: NewChain, tier: str | None, paid: int, why: str) -> None:
    chain = await new_chain(template="shoes_apparel")
    ladder = (await chain.http.get("/v1/programme")).json()["ladders"][0]["code"]
    who = await purse.holder(chain, tier, of=ladder, phone="13800000001")
    made = await purse.bought(chain, member_id=who, lines=[{"category": "shoes", "amount": 99_900}])
    assert made["paid"] == paid, why
    assert (await purse.bought(chain, amount=99_900))["paid"] == 99_900


async def test_studio_sells_the_999_package_to_members_for_699(new_chain: NewChain) -> None:
    """A member of the studio is who has bought a package: the first one costs what it costs."""
    chain = await new_chain(template="studio")
    listed = (await chain.http.get("/v1/price-lists/member")).json()
    (package,) = [price for price in listed["prices"] if price["list_price"] == 99_900]
    who = await member(chain)
    ticket: dict[str, Any] = {
        "member_id": who,
        "lines": [{"category": "套系", "sku": package["sku"], "amount": 99_900}],
    }
    first = await purse.bought(chain, **ticket)
    second = await purse.bought(chain, **ticket)
    assert (first["paid"], second["paid"]) == (99_900, 69_900), first["tier"]
    assert second["discounts"] == [{"type": "price_list", "code": "member", "amount": 30_000}]


async def test_catering_pays_two_thirds_out_of_a_vips_wallet(new_chain: NewChain) -> None:
    """充 500 得 700: of 700 spent 500 is the member's own money, and that alone earns points."""
    chain = await new_chain(template="catering")
    who = await member(chain, phone="13800000001")
    made = await topped_up(chain, who, "U", 50_000)
    assert made["wallet"] == {"principal": 50_000, "bonus": 20_000}
    meal = await purse.bought(chain, member_id=who, amount=14_000, wallet_amount=14_000)
    assert (meal["wallet"], meal["points_earned"]) == ({"principal": 10_000, "bonus": 4000}, 100)


async def test_pharmacy_gives_neither_discount_nor_points_for_prescriptions_and_insurance(new_chain: NewChain) -> None:
    chain = await new_chain(template="pharmacy")
    who = await member(chain, phone="13800000001")
    lines = [{"category": "处方药", "amount": 10_000}, {"category": "otc", "amount": 10_000}]
    tenders = [{"type": "medical_insurance", "amount": 10_000}, {"type": "wechat", "amount": 10_000}]
    made = await purse.bought(chain, member_id=who, lines=lines, tenders=tenders)
    # insurance pays half of each line: of the otc line 50.00 earn
    assert (made["paid"], made["points_earned"]) == (20_000, 50)

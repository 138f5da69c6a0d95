"""The rules in force, simulated on what a till has sold by them, cost what the till gave."""

from typing import Any

import pytest
from simulated import Drain, NewChain, card_chain, draft, ladder, off, simulated, spend, tier, times
from support.chains import Chain
from support.till import bought, member

CARD = ladder(
    "card",
    tier(0, "regular"),
    tier(1, "silver", spend(10_000), off("7.5"), off("12.25", category="茶"), times("1.5")),
)
CLUB = ladder("club", tier(0, "guest", None, off("3"), times("1.1")))


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    points = {"per_unit": "1.3", "excluded_categories": ["药"], "excluded_tenders": ["medical_insurance"]}
    stacking = {"discount_excluded": ["药"]}
    return await card_chain(new_chain, CARD, CLUB, points=points, stacking=stacking)


def line(amount: int, category: str | None = None, **more: Any) -> dict[str, Any]:
    return {"amount": amount, **({} if category is None else {"category": category}), **more}


BASKETS: list[dict[str, Any]] = [
    {"lines": [line(1_999, "茶"), line(333), line(5_001, "药")]},
    {"lines": [line(101, "茶", quantity="0.5", sku="x"), line(7)]},
    {"amount": 12_345},
    {"amount": 0},
]


_SMALL = 2


async def test_it_costs_what_the_till_gave(chain: Chain, drain: Drain) -> None:
    one, other = await member(chain), await member(chain)
    await bought(chain, "first", None, member_id=one, lines=[line(20_000, "药")])
    discounts = points = 0
    for number, basket in enumerate(BASKETS):
        for who in (one, other) if number < _SMALL else (one,):  # the other one stays below silver
            fields = {**basket, "member_id": who, "external_amounts": None}
            sale = await bought(chain, f"{number} {who}", fields.pop("amount", None), **fields)
            discounts += sum(found["amount"] for found in sale["discounts"])
            points += sale["points_earned"]
    await draft(chain, {})
    result = await simulated(chain, drain)
    assert discounts > 0
    assert result["cost"]["now"] == {"discounts": discounts, "points": points}
    assert {name: result["cost"][name] for name in ("discounts", "points")} == result["cost"]["now"]


async def test_what_insurance_paid_earns_nothing(chain: Chain, drain: Drain) -> None:
    one = await member(chain)
    tenders = [{"type": "medical_insurance", "amount": 3_000}, {"type": "cash", "amount": 6_700}]
    sale = await bought(chain, "1", 10_000, member_id=one, external_amounts=None, tenders=tenders)
    await draft(chain, {})
    assert (await simulated(chain, drain))["cost"]["now"] == {"discounts": 300, "points": sale["points_earned"]}


async def test_what_was_given_back_costs_nothing(chain: Chain, drain: Drain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", 10_000, member_id=one, external_amounts=None)
    half = {"external_id": "r", "amount": 4_850}  # of 97.00
    assert (await chain.http.post(f"/v1/purchases/{sale['id']}/refunds", json=half)).status_code == 201
    undone = await bought(chain, "2", 10_000, member_id=one, external_amounts=None)
    answer = await chain.http.post(f"/v1/purchases/{undone['id']}/undo", json={"reason": "x"})
    assert answer.status_code in {200, 201}, answer.text
    await draft(chain, {})
    assert (await simulated(chain, drain))["cost"]["now"] == {"discounts": 150, "points": 69}

"""Short words for baskets, rules and coupons."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from tenants.pricing.basket import Benefits, CampaignDiscount, Line, ListPrice, Offers, Priced, TierDiscount
from tenants.pricing.coupons import CouponUse
from tenants.pricing.price import price
from tenants.programme.rules import Stacking

HERE = "shop"


def line(amount: int, category: str | None = None, quantity: str = "1", sku: str | None = None) -> Line:
    return Line(amount, category, sku, Decimal(quantity))


def lines(*amounts: int) -> list[Line]:
    return [line(amount) for amount in amounts]


def percent(text: str, category: str | None = None, tier: str = "gold") -> TierDiscount:
    return TierDiscount("card", tier, Decimal(text), category)


def offers(
    *discounts: TierDiscount,
    prices: dict[str, list[tuple[str, int]]] | None = None,
    campaigns: Sequence[CampaignDiscount] = (),
) -> Offers:
    listed = {sku: [ListPrice(code, of_piece) for code, of_piece in found] for sku, found in (prices or {}).items()}
    return Offers(Benefits(discounts), listed, campaigns)


def campaign(code: str = "week", *, off: str | None = None, amount: int = 0, minimum: int = 0, of: str = "") -> Any:
    categories = tuple(of.split())
    return CampaignDiscount(code, None if off is None else Decimal(off), amount, minimum, categories)


def stacking(**fields: Any) -> Stacking:
    return Stacking.model_validate(fields)


_ids = iter(range(1, 10**6))


def coupon(kind: Any, value: int | str, code: str = "c", **fields: Any) -> CouponUse:
    if kind == "percent":
        fields["percent"] = Decimal(value)
    else:
        fields["amount"] = int(value)
    return CouponUse(UUID(int=next(_ids)), code, kind, **fields)


def amount_off(value: int, **fields: Any) -> CouponUse:
    return coupon("amount", value, **fields)


def percent_off(value: str, **fields: Any) -> CouponUse:
    return coupon("percent", value, **fields)


def fixed(value: int, **fields: Any) -> CouponUse:
    return coupon("fixed_price", value, **fields)


def nets(priced: Priced) -> list[int]:
    return [each.net for each in priced.lines]


def cost(
    basket: Sequence[Line],
    offered: Offers | None = None,
    rules: Stacking | None = None,
    coupons: Sequence[CouponUse] = (),
    *,
    branch: str = HERE,
    by_wallet: bool = False,
) -> list[int]:
    """What is to be paid for each line."""
    priced = price(basket, offered or Offers(), rules or Stacking(), coupons, branch=branch, by_wallet=by_wallet)
    assert priced.list - sum(off for _, off in priced.discounts) == priced.net
    assert all(part >= 0 for each in priced.lines for part in (each.net, each.tier, each.campaign, each.coupon))
    return nets(priced)

"""What a tier gives."""

from typing import Annotated, Literal

from pydantic import Field

from tenants.programme.strict import Code, Label, Names, Percent, Rate, Strict, by_tag


class Discount(Strict):
    """A percentage off each line; with a category, off its lines only."""

    type: Literal["discount"]
    percent: Percent
    category: Label | None = Field(default=None, exclude_if=lambda category: category is None)


class PriceList(Strict):
    """The prices of one of the till's lists, such as member prices."""

    type: Literal["price_list"]
    code: Code


class PointsMultiplier(Strict):
    type: Literal["points_multiplier"]
    multiplier: Rate


class Allowance(Strict):
    """So many free uses of a product in each period; counted when used."""

    type: Literal["allowance"]
    product: Code
    per: Literal["day", "week", "month", "quarter", "year"]
    count: int = Field(ge=1, le=10_000)


class Gift(Strict):
    """A coupon on an occasion, once per member, tier and occasion."""

    type: Literal["gift"]
    occasion: Literal["upgrade", "birthday"]
    coupon: Code


class TextBenefit(Strict):
    """Something that people give, shown as it's written."""

    type: Literal["text"]
    names: Names


AnyBenefit = Discount | PriceList | PointsMultiplier | Allowance | Gift | TextBenefit
Benefit = Annotated[
    AnyBenefit,
    by_tag("type", "unknown-benefit", Discount, PriceList, PointsMultiplier, Allowance, Gift, TextBenefit),
]

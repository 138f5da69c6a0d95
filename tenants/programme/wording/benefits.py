"""What a tier gives, in words."""

from typing import Final, assert_never

from saas.i18n import n_
from tenants.programme.benefits import (
    Allowance,
    AnyBenefit,
    Discount,
    Gift,
    PointsMultiplier,
    PriceList,
    TextBenefit,
)
from tenants.programme.wording.teller import Teller

_PERIODS: Final = {
    "day": n_("a day"),
    "week": n_("a week"),
    "month": n_("a month"),
    "quarter": n_("a quarter"),
    "year": n_("a year"),
}
_OCCASIONS: Final = {"upgrade": n_("when it is reached"), "birthday": n_("on the birthday")}


def benefit_text(benefit: AnyBenefit, teller: Teller) -> str:  # noqa: PLR0911 - a case a benefit
    """One benefit: 10% off “parcel”."""
    match benefit:
        case Discount(percent=percent, category=None):
            return teller.say("%(percent)s off", percent=teller.percent(percent))
        case Discount(percent=percent, category=category):
            return teller.say("%(percent)s off “%(category)s”", percent=teller.percent(percent), category=category)
        case PriceList(code=code):
            return teller.say("the price list %(name)s", name=teller.own("price_list", code))
        case PointsMultiplier(multiplier=multiplier):
            return teller.say("points × %(factor)s", factor=teller.number(multiplier))
        case Allowance(product=product, per=per, count=count):
            return teller.plural(
                "%(product)s free %(n)s time %(per)s",
                "%(product)s free %(n)s times %(per)s",
                count,
                product=teller.own("product", product),
                per=teller.say(_PERIODS[per]),
            )
        case Gift(occasion=occasion, coupon=coupon):
            given = teller.own("coupon", coupon)
            return teller.say("the coupon %(coupon)s %(when)s", coupon=given, when=teller.say(_OCCASIONS[occasion]))
        case TextBenefit(names=names):
            return teller.named(names)
    assert_never(benefit)

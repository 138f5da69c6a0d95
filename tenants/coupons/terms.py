"""What a coupon promises: how much off what, from when on, beside what else."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from saas.field_types import Code as BranchCode
from tenants.programme.strict import Code, Labels, Money, MoneyAboveZero, Names, Percent, Strict, as_tuple, by_tag


class AmountOff(Strict):
    type: Literal["amount"]
    amount: MoneyAboveZero


class PercentOff(Strict):
    type: Literal["percent"]
    percent: Percent = Field(gt=0)


class FixedPrice(Strict):
    """The thing costs so much, whatever its list price; 0: it is free."""

    type: Literal["fixed_price"]
    price: Money


AnyValue = AmountOff | PercentOff | FixedPrice
Value = Annotated[AnyValue, by_tag("type", "unknown-coupon-value", AmountOff, PercentOff, FixedPrice)]
BranchCodes = Annotated[tuple[BranchCode, ...], BeforeValidator(as_tuple), Field(max_length=10_000)]
ValidDays = Annotated[int, Field(ge=1, le=3660)]


class Combines(Strict):
    """What else may be used beside the coupon."""

    tier_discount: bool = True
    campaign: bool = False
    coupons: bool = False


class Terms(Strict):
    """From `minimum` minor units on (after tier and campaign discounts), for lines of the categories, at the branches
    of these codes; none listed: of all, at all.
    """

    value: Value
    minimum: Money = 0
    categories: Labels = ()
    branches: BranchCodes = ()
    combines: Combines = Combines()


class _Named(Strict):
    code: Code
    names: Names


class Coupon(Terms, _Named):
    """A coupon of a template: a promise of a discount, used once, within `valid_days` local days of being given, that
    day included.
    """

    valid_days: ValidDays

    @property
    def terms(self) -> Terms:
        """What is kept with each coupon that is given."""
        return Terms(
            value=self.value,
            minimum=self.minimum,
            categories=self.categories,
            branches=self.branches,
            combines=self.combines,
        )

"""The parts of a programme beside its ladders: points, stored value, stacking, who may join, life cycle."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from saas.field_types import Code as BranchCode
from tenants.programme.strict import (
    Code,
    Codes,
    Exact,
    Fault,
    Labels,
    Money,
    MoneyAboveZero,
    Names,
    Percent,
    Rate,
    Strict,
    as_tuple,
    by_tag,
    duplicates,
    invalid,
)


class Never(Strict):
    type: Literal["never"]


class ExpireMonths(Strict):
    type: Literal["months"]
    months: int = Field(ge=1, le=1200)


class EndOfYear(Strict):
    """At the end of the year of the accrual (0), of the next one (1), and so on."""

    type: Literal["end_of_year"]
    years: int = Field(default=0, ge=0, le=100)


Expiry = Annotated[Never | ExpireMonths | EndOfYear, by_tag("type", "unknown-expiry", Never, ExpireMonths, EndOfYear)]


class Redeem(Strict):
    """`points` pay `amount` minor units; from `min_points` on, up to `max_percent` of a purchase."""

    points: int = Field(ge=1, le=10**9)
    amount: MoneyAboveZero
    min_points: int = Field(default=0, ge=0, le=10**9)
    max_percent: Percent = Decimal(100)


class ActivityPoints(Strict):
    """Points for each activity of a kind."""

    kind: Code
    points: int = Field(ge=1, le=10**6)


class PointsBeside(Strict):
    """Points for other things than purchases: `top_up` for a whole unit of principal, the others each time."""

    top_up: Rate = Decimal(0)
    activities: Annotated[tuple[ActivityPoints, ...], BeforeValidator(as_tuple), Field(max_length=50)] = ()
    referral: int = Field(default=0, ge=0, le=10**6)
    birthday: int = Field(default=0, ge=0, le=10**6)

    @model_validator(mode="after")
    def _kinds_differ(self) -> Self:
        again = duplicates([item.kind for item in self.activities])
        if again:
            message = "This kind of activity has points already"
            raise invalid("points", [Fault(("activities", n, "kind"), "duplicate", message) for n in again])
        return self


class Points(Strict):
    """So many points for a whole currency unit, 0 for none; without `redeem` they can't be used as money."""

    per_unit: Rate = Decimal(0)
    pending_days: int = Field(default=0, ge=0, le=366)
    expiry: Expiry = Never(type="never")
    excluded_categories: Labels = ()
    excluded_tenders: Codes = ()
    redeem: Redeem | None = None
    beside: PointsBeside | None = Field(default=None, exclude_if=lambda beside: beside is None)


class TopUpGift(Strict):
    """A thing that comes with a top-up, and what it is worth."""

    names: Names
    value: MoneyAboveZero


class TopUpStep(Strict):
    """A top-up of `amount` or more brings a bonus or a percentage, a gift, or both; with `tiers`, for their holders
    only.
    """

    amount: MoneyAboveZero
    bonus: Money | None = Field(default=None, ge=1, exclude_if=lambda bonus: bonus is None)
    percent: Percent | None = Field(default=None, gt=0, exclude_if=lambda percent: percent is None)
    gift: TopUpGift | None = Field(default=None, exclude_if=lambda gift: gift is None)
    tiers: Codes | None = Field(default=None, exclude_if=lambda tiers: tiers is None)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = (self.bonus is not None) + (self.percent is not None)
        if given > 1 or (given == 0 and self.gift is None):
            raise PydanticCustomError("bonus-or-percent", "A step gives a bonus or a percentage, or a gift alone")
        return self

    def bonus_of(self, amount: int) -> int:
        """What a top-up of `amount` brings at this step, in minor units; of a percentage, rounded half up."""
        if self.percent is None:
            return self.bonus or 0
        return int((amount * self.percent / 100).to_integral_value(ROUND_HALF_UP))


class BalanceLimits(Strict):
    """The largest balance of a card with a name and of one without, and whether bonus counts towards it."""

    named: Money = 500_000
    unnamed: Money = 100_000
    bonus_counts: bool = False


class Wallet(Strict):
    top_up_bonus: Annotated[tuple[TopUpStep, ...], BeforeValidator(as_tuple), Field(max_length=50)] = ()
    spend_order: Literal["proportional", "principal_first", "bonus_first"] = "proportional"
    limits: BalanceLimits = BalanceLimits()
    cooling_off_days: int = Field(default=7, ge=0, le=366)
    confirm_above: Money = 20_000
    bonus_earns: bool = False

    @model_validator(mode="after")
    def _steps_differ(self) -> Self:
        again = duplicates([(step.amount, frozenset(step.tiers or ())) for step in self.top_up_bonus])
        if again:
            message = "Another step begins at this amount"
            raise invalid("wallet", [Fault(("top_up_bonus", n), "duplicate-step", message) for n in again])
        return self


class Stacking(Strict):
    """`branches`: the codes of those that take part in the tiers' discounts and price lists; None: all."""

    discounts_combine: bool = False
    wallet_with_tier_discount: bool = True
    discount_excluded: Labels = ()
    branches: Annotated[tuple[BranchCode, ...], BeforeValidator(as_tuple), Field(max_length=10_000)] | None = Field(
        default=None, exclude_if=lambda branches: branches is None
    )


Kind = Literal["person", "company"]


class Eligibility(Strict):
    """Who may join: from which age (None: any), people, companies or both."""

    min_age: int | None = Field(default=None, ge=1, le=120)
    kinds: Annotated[tuple[Kind, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=2)] = (
        "person",
        "company",
    )


class Choice(Strict):
    code: Code
    names: Names


class Attribute(Strict):
    """A field of the chain's own on its members; `choices` for a choice, and only there."""

    code: Code
    names: Names
    type: Literal["text", "number", "date", "boolean", "choice"]
    choices: Annotated[tuple[Choice, ...], BeforeValidator(as_tuple), Field(max_length=200)] | None = Field(
        default=None, exclude_if=lambda choices: choices is None
    )

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            message = "Choices are listed for an attribute of type choice, and only there"
            raise invalid("attribute", [Fault(("choices",), "choices-mismatch", message)])
        again = duplicates([choice.code for choice in self.choices or ()])
        if again:
            message = "This code stands for another choice already"
            raise invalid("attribute", [Fault(("choices", n, "code"), "duplicate", message) for n in again])
        return self


class Lifecycle(Strict):
    """When a member counts as new, slipping, dormant and lost."""

    new_days: int = Field(default=30, ge=1, le=3660)
    slipping_factor: Annotated[Exact, Field(ge=1, le=100)] = Decimal("1.5")
    dormant_days: int = Field(default=90, ge=1, le=3660)
    lost_days: int = Field(default=180, ge=1, le=3660)

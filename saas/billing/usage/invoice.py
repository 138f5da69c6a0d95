"""What a period will cost. Pure: the same arithmetic as Stripe's, so that what we say before is what it bills.

A line's amount is rounded to a minor unit, half up; the first N members are in the plan, each further one has a price.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from saas.plans.catalogue import Plan


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity`: members beyond those included, or one month; `unit_amount` and `amount` in minor units."""

    part: Literal["usage", "base"]
    plan: Plan
    quantity: int
    unit_amount: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The invoice at a period's end, before tax and credit. `currency`: ISO code; `total` in minor units."""

    currency: str
    lines: tuple[Line, ...]
    total: int


def further(members: int, plan: Plan) -> int:
    """Active members beyond those that the plan includes."""
    return max(0, members - plan.members)


def usage_amount(members: int, plan: Plan, currency: str) -> int:
    """What they cost, in minor units. Raises KeyError where the plan has no price in this currency."""
    return _rounded(plan.prices[currency].per_member * further(members, plan))


def expected_invoice(members: int, plan: Plan, currency: str, following: Plan | None) -> Expected:
    """At the end of a period under `plan`: its further members in arrears, and a month of `following` in advance; None
    where the subscription ends. Raises KeyError where a plan has no price in this currency.
    """
    price = plan.prices[currency].per_member
    lines = [Line("usage", plan, further(members, plan), price, usage_amount(members, plan, currency))]
    if following is not None:
        monthly = following.prices[currency].monthly
        lines.append(Line("base", following, 1, Decimal(monthly), monthly))
    return Expected(currency, tuple(lines), sum(line.amount for line in lines))


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))

"""What a way up costs a member, so that the cheapest comes first: in money, as near as the rules tell.

Money is itself; anything that is counted weighs as many of the member's typical purchases; points what is spent for
them; a day of waiting a thirtieth of a typical purchase. docs/explain.md says so.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from saas.money import exponent
from tenants.programme.document import Programme
from tenants.programme.leaves import UNITS, Leaf, Quantity, ScoreLeaf
from tenants.tiers.reading import Amount, Reading, window_is_over

_DAYS_A_PURCHASE: Final = 30
_FIRST_PURCHASE: Final = 100
"""Whole currency units that somebody who never bought is taken to buy for."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What one of anything is taken to cost this member, in minor units."""

    purchase: Decimal
    point: Decimal

    def of(self, metric: str, amount: Amount) -> Decimal:
        """So much of a metric."""
        unit = UNITS[metric]
        if unit == "money":
            return Decimal(amount)
        if unit == "points":
            return amount * self.point
        if unit == "days":
            return amount * self.purchase / _DAYS_A_PURCHASE
        return amount * self.purchase


def prices(reading: Reading, rules: Programme) -> Prices:
    """Those of a member: its mean purchase, and what a point costs at the base rate."""
    whole = Decimal(10) ** exponent(rules.currency)
    bought, spent = reading.row["t_purchases"] or 0, reading.row["t_spend"] or 0
    purchase = Decimal(spent) / bought if bought and spent > 0 else whole * _FIRST_PURCHASE
    return Prices(purchase, whole / rules.points.per_unit if rules.points.per_unit else purchase)


def effort(leaf: Leaf, missing: Amount, reading: Reading, price: Prices) -> int:
    """What the missing part costs, in minor units, rounded up."""
    if isinstance(leaf, ScoreLeaf):
        return _up(missing * min(_point(weight, price) for weight in leaf.weights if _open(weight, reading)))
    return _up(price.of(leaf.metric, missing))


def _point(weight: Quantity, price: Prices) -> Decimal:
    """What one growth point costs by this weight."""
    return price.of(weight.metric, weight.per) / weight.points  # type: ignore[union-attr]


def _open(weight: Quantity, reading: Reading) -> bool:
    return not window_is_over(weight.window, reading)


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))

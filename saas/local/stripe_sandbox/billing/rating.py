"""What a quantity costs: pure arithmetic on prices as the API shows them.

Graduated tiers: each unit is charged by the tier it lies in, and an invoice has one line for each tier that was
reached (docs.stripe.com/products-prices/pricing-models, «graduated»). `unit_amount_decimal` may be parts of a minor
unit; each line is rounded to a whole one, half up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True)
class Rated:
    """One line's worth: `quantity` units at `unit_amount` minor units each are `amount`. `tier` counts from 1."""

    tier: int | None
    quantity: int
    unit_amount: Decimal
    amount: int


def half_up(amount: Decimal) -> int:
    """To a whole minor unit; a half goes away from zero, so that a credit mirrors its debit."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def unit_amount(of: Mapping[str, Any]) -> Decimal:
    """A price's or a tier's amount per unit, in minor units."""
    exact = of.get("unit_amount_decimal")
    return Decimal(str(exact)) if exact is not None else Decimal(of.get("unit_amount") or 0)


def rate(price: Mapping[str, Any], quantity: int) -> list[Rated]:
    """The lines of `quantity` units: one per tier reached (the first one always), or one for a price without tiers."""
    if price.get("billing_scheme") == "tiered":
        return graduated(price.get("_tiers") or price["tiers"], quantity)
    unit = unit_amount(price)
    return [Rated(None, quantity, unit, half_up(unit * quantity))]


def graduated(tiers: Sequence[Mapping[str, Any]], quantity: int) -> list[Rated]:
    """The lines of a graduated price: `up_to` is the last unit of its tier, None the rest."""
    lines: list[Rated] = []
    below = 0
    for number, tier in enumerate(tiers, start=1):
        top = tier.get("up_to")
        here = (quantity if top is None else min(quantity, int(top))) - below
        if here > 0 or number == 1:
            unit = unit_amount(tier)
            lines.append(Rated(number, max(here, 0), unit, half_up(unit * max(here, 0))))
        below += max(here, 0)
    return lines

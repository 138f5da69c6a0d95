"""Prorations to the second: pure arithmetic.

In flexible billing mode a credit comes from the amount that was debited for the time, not from what the item's price
would be now (docs.stripe.com/billing/subscriptions/billing-mode/compare, «Credit proration calculations»). So each
debit is remembered with the time it pays for; a credit takes the rest of that time and of that amount away from it,
and no second credit can be had for the same time.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from saas.local.stripe_sandbox.billing.rating import half_up


@dataclass(frozen=True)
class Debit:
    """`amount` minor units were billed to a subscription's item for the time from `start` up to `end`."""

    item: str
    amount: int
    start: int
    end: int
    line: str
    invoice: str | None


def share(amount: int, start: int, end: int, at: int) -> int:
    """The part of `amount` that falls to the time from `at` up to `end`; all of it where `at` is before `start`."""
    if end <= start:
        return 0
    left = min(max(end - at, 0), end - start)
    return half_up(Decimal(amount) * left / (end - start))


def credit(debit: Debit, at: int) -> tuple[int, Debit]:
    """What is given back for the time after `at` (≥ 0), and what is left of the debit."""
    back = share(debit.amount, debit.start, debit.end, at)
    return back, replace(debit, amount=debit.amount - back, end=min(max(at, debit.start), debit.end))

"""What a top-up brings, and how much a wallet may hold. Pure; amounts in minor units."""

from collections.abc import Collection
from itertools import pairwise

from saas.errors import DomainError, Money
from tenants.programme.rules import TopUpStep, Wallet


def step_of(rules: Wallet, tiers: Collection[str], amount: int) -> TopUpStep | None:
    """The highest step that `amount` reaches among those open to a holder of `tiers` (codes, of any ladder); of two
    at the same amount the one that brings more. None: below every step.
    """
    reached = (step for step in rules.top_up_bonus if step.amount <= amount and _open(step, tiers))
    return max(reached, key=lambda step: (step.amount, step.bonus_of(amount), step.gift is not None), default=None)


def bonus_of(rules: Wallet, tiers: Collection[str], amount: int) -> int:
    """The bonus of a top-up: its step's, once."""
    step = step_of(rules, tiers, amount)
    return 0 if step is None else step.bonus_of(amount)


def _open(step: TopUpStep, tiers: Collection[str]) -> bool:
    return step.tiers is None or not set(step.tiers).isdisjoint(tiers)


def require_within_limit(
    rules: Wallet, tiers: Collection[str], amount: int, held: tuple[int, int], named: bool
) -> None:
    """Holds a top-up against the largest balance; `held`: principal and bonus before it.

    Raises DomainError `balance-limit` with the `limit`, the `balance` that counts towards it, and `most`, the largest
    top-up that would fit.
    """
    limits = rules.limits
    limit = limits.named if named else limits.unnamed
    balance = sum(held) if limits.bonus_counts else held[0]
    brings = bonus_of(rules, tiers, amount) if limits.bonus_counts else 0
    if balance + amount + brings > limit:
        room = max(0, limit - balance)
        most = _most(rules, tiers, room) if limits.bonus_counts else room
        params = {"limit": Money(limit), "balance": Money(balance), "most": Money(most)}
        raise DomainError("balance-limit", params=params)


def _most(rules: Wallet, tiers: Collection[str], room: int) -> int:
    """The largest top-up that fits into `room` together with its bonus; 0 for none."""
    steps = sorted({step.amount for step in rules.top_up_bonus if _open(step, tiers)})
    for low, high in reversed(list(pairwise([1, *steps, room + 1]))):  # between two steps the sum only grows
        fits = _largest(rules, tiers, low, min(high - 1, room), room)
        if fits:
            return fits
    return 0


def _largest(rules: Wallet, tiers: Collection[str], low: int, high: int, room: int) -> int:
    """The largest amount of low … high that fits, by bisection; 0 for none."""
    fits = 0
    while low <= high:
        middle = (low + high) // 2
        if middle + bonus_of(rules, tiers, middle) <= room:
            fits, low = middle, middle + 1
        else:
            high = middle - 1
    return fits

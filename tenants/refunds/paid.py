"""How a purchase was paid and what it earned, as it was stored; and what goes back the same ways. Pure: no database.

Everything that a refund gives back follows from how the purchase stands before and after it, so that many partial
refunds end with exactly what one of the whole gives. Money in minor units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from tenants.pricing.spread import spread

POINTS: Final = "points"
WALLET: Final = "wallet"
PRINCIPAL: Final = "wallet.principal"
BONUS: Final = "wallet.bonus"

Way = str | None
"""A type of tender; stored value's principal and bonus are two. None: what no tender named."""
Tenders = Sequence[Mapping[str, Any]]
"""As stored: each with `type` and `amount`; points with their `points`, stored value with `principal` and `bonus`."""


def ways_of(tenders: Iterable[Mapping[str, Any]]) -> dict[Way, int]:
    """What was paid each way, in the order of the tenders."""
    ways: dict[Way, int] = {}
    for tender in tenders:
        if tender["type"] == WALLET:
            parts: dict[Way, int] = {PRINCIPAL: tender["principal"], BONUS: tender["bonus"]}
        else:
            parts = {tender["type"]: tender["amount"]}
        for way, amount in parts.items():
            ways[way] = ways.get(way, 0) + amount
    return ways


@dataclass(frozen=True, slots=True)
class Paid:
    """`ways`: all that was paid, by way; empty where the till named none. `charged`: the points that paid
    `ways[POINTS]`. `granted`: the points earned, at `rate` for a whole currency unit of `earning`. `coupons`: the
    grants that were used.
    """

    ways: Mapping[Way, int] = field(default_factory=dict)
    charged: int = 0
    granted: int = 0
    rate: Fraction = Fraction(0)
    earning: int = 0
    coupons: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, amount: int, tenders: Tenders | None, pricing: Mapping[str, Any] | None) -> "Paid":
        """From the columns of a purchase."""
        ways = ways_of(tenders or ())
        rest = amount - sum(ways.values())
        if ways and rest:
            ways[None] = ways.get(None, 0) + rest
        charged = sum(tender.get("points", 0) for tender in tenders or () if tender["type"] == POINTS)
        told = pricing or {}
        return cls(
            ways,
            charged,
            told.get("points", 0),
            Fraction(told.get("rate", 0)),
            told.get("earning", 0),
            tuple(UUID(grant) for grant in told.get("coupons", ())),
        )

    @property
    def has_value(self) -> bool:
        """Whether a ledger moved with it."""
        return bool(self.charged or self.granted or self.coupons or self.ways.get(PRINCIPAL) or self.ways.get(BONUS))

    def back(self, before: Mapping[Way, int], amount: int) -> dict[Way, int]:
        """All that was given back, by way, once `amount` more follows `before`: pro rata to what is left of each way,
        rounded down; the last one that has something left takes the rest.
        """
        if not self.ways:
            return {}
        left = [paid - before.get(way, 0) for way, paid in self.ways.items()]
        shares = spread(amount, left)
        return {way: before.get(way, 0) + share for way, share in zip(self.ways, shares, strict=True)}

    def points_back(self, back: Mapping[Way, int]) -> int:
        """Of the points that paid, those that came back with their value so far."""
        value = self.ways.get(POINTS, 0)
        return self.charged * back.get(POINTS, 0) // value if value else 0

    def keeps(self, parts: Iterable[tuple[int, int, int]], exponent: int) -> int:
        """The points that remain earned: the formula on what is left of the earning amounts, exactly, rounded down
        once. A part is (what it earned on, what is left of it, what it was); `exponent`: the currency's decimals.
        """
        if not self.granted:
            return 0
        earning = sum((Fraction(earned_on * left, was) for earned_on, left, was in parts if was), Fraction(0))
        return min(self.granted, int(earning * self.rate / 10**exponent))


def told(before: Mapping[Way, int], after: Mapping[Way, int], points: int) -> list[dict[str, Any]]:
    """What went back between two states, as it is stored and answered: an entry for each type of tender. `points`:
    those that came back with their value.
    """
    moved = {way: amount - before.get(way, 0) for way, amount in after.items()}
    found: list[dict[str, Any]] = []
    for way, amount in moved.items():
        if way == BONUS:
            continue
        if way == PRINCIPAL:
            bonus = moved.get(BONUS, 0)
            entry = {"type": WALLET, "amount": amount + bonus, "principal": amount, "bonus": bonus}
        elif way == POINTS:
            entry = {"type": POINTS, "amount": amount, "points": points}
        else:
            entry = {"type": way, "amount": amount}
        if entry["amount"]:
            found.append(entry)
    return found

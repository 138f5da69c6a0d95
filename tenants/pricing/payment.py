"""Points and stored value as payment."""

from dataclasses import dataclass
from decimal import Decimal

from saas.errors import DomainError, Money
from tenants.programme.rules import Redeem


@dataclass(frozen=True, slots=True)
class PointsPaid:
    """`points` are taken and pay `value`, in minor units."""

    points: int
    value: int


def pay_with_points(redeem: Redeem | None, asked: int, net: int) -> PointsPaid:
    """What `asked` points pay of a purchase of `net` minor units; no more of them are taken than that is worth.

    Raises DomainError `points-not-redeemable` (the programme takes no points), `points-beyond-limit` {least, most}
    (points; below the least that may be used or that pay anything, or above the share of a purchase that they may pay).
    """
    if redeem is None:
        raise DomainError("points-not-redeemable")
    value = asked * redeem.amount // redeem.points
    limit = int(net * redeem.max_percent / Decimal(100))
    least = max(redeem.min_points, _worth(1, redeem))
    if asked < least or value > limit:
        raise DomainError("points-beyond-limit", params={"least": least, "most": _worth(limit + 1, redeem) - 1})
    return PointsPaid(_worth(value, redeem), value)


def _worth(value: int, redeem: Redeem) -> int:
    """The fewest points that pay `value`."""
    return -(-value * redeem.points // redeem.amount)


def check_wallet(amount: int, left: int) -> None:
    """`left` is what is to be paid yet. Raises DomainError `wallet-beyond-amount` {most}."""
    if amount > left:
        raise DomainError("wallet-beyond-amount", params={"most": Money(left)})

"""A basket, what is open to who buys it, and what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ticket: its total at list prices in minor units, and how much of what it is."""

    amount: int
    category: str | None = None
    sku: str | None = None
    quantity: Decimal = ONE


@dataclass(frozen=True, slots=True)
class TierDiscount:
    """So many percent off each line, or off those of one category, with a tier of a ladder."""

    ladder: str
    tier: str
    percent: Decimal
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Benefits:
    """What the tiers held give at the till: discounts, price lists (their codes), the largest points multiplier."""

    discounts: tuple[TierDiscount, ...] = ()
    price_lists: tuple[str, ...] = ()
    multiplier: Decimal = ONE


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What one piece costs on a price list, in minor units."""

    list: str
    price: int


@dataclass(frozen=True, slots=True)
class CampaignDiscount:
    """A running campaign's offer: `percent` off each line, or `amount` off a basket of at least `minimum` (满减); of
    the lines of `categories` (none: of all). One of `percent` and `amount` is set.
    """

    code: str
    percent: Decimal | None = None
    amount: int = 0
    minimum: int = 0
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignMultiplier:
    """More points while a campaign runs. Of those without `stack` the best one counts, the others multiply."""

    code: str
    multiplier: Decimal
    stack: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """What is open to a member, at this branch and instant; the empty one is a 散客's. `prices`: by sku."""

    benefits: Benefits = field(default_factory=Benefits)
    prices: Mapping[str, Sequence[ListPrice]] = field(default_factory=dict)
    discounts: Sequence[CampaignDiscount] = ()
    multipliers: Sequence[CampaignMultiplier] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """What a discount is called in the answer; `id`: the coupon that a member holds."""

    type: Literal["tier", "price_list", "campaign", "coupon"]
    code: str
    ladder: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line's list amount and what each step took off it; all in minor units, none below 0."""

    list: int
    tier: int = 0
    campaign: int = 0
    coupon: int = 0

    @property
    def net(self) -> int:
        """What is to be paid for it."""
        return self.list - self.tier - self.campaign - self.coupon


@dataclass(frozen=True, slots=True)
class Priced:
    """The basket after steps 1 to 3. `discounts`: what each tier, list, campaign and coupon took off in all, in the
    order of the steps; nothing that took nothing.
    """

    lines: tuple[PricedLine, ...]
    discounts: tuple[tuple[Label, int], ...] = ()

    @property
    def list(self) -> int:
        """The basket at list prices."""
        return sum(line.list for line in self.lines)

    @property
    def net(self) -> int:
        """What is to be paid: by points, wallet and tenders together."""
        return sum(line.net for line in self.lines)

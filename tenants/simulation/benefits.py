"""What the tiers of one programme give, as SQL over ranks: `tenants.pricing.benefits` for many members at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tenants.pricing.basket import ONE
from tenants.programme.benefits import Discount, PointsMultiplier, PriceList
from tenants.programme.binder import Binder
from tenants.programme.document import Programme, Tier


@dataclass(frozen=True, slots=True)
class Side:
    """One programme over members who stand on its ladders at `ranks` (SQL, one a ladder). `name` begins its columns.
    `exponent`: decimals of the currency's minor unit.
    """

    name: str
    rules: Programme
    ranks: Sequence[str]
    exponent: int

    @property
    def categories(self) -> list[str]:
        """The categories that some tier has a discount of its own for."""
        found = (discount.category for tier in self._tiers() for discount in _discounts(tier))
        return sorted({category for category in found if category is not None})

    @property
    def lists(self) -> list[str]:
        """The codes of the price lists that some tier has."""
        return sorted({code for tier in self._tiers() for code in _lists(tier)})

    @property
    def discounts(self) -> bool:
        """Whether any tier takes anything off."""
        return bool(self.lists) or any(one.percent for tier in self._tiers() for one in _discounts(tier))

    @property
    def earns(self) -> bool:
        """Whether purchases earn points at all."""
        return self.rules.points.per_unit > 0

    def columns(self, binder: Binder) -> dict[str, str]:
        """What the ranks give, by name, as expressions over `ranks`: `rate` off any line and `rate_<n>` off one of the
        n-th category (fractions), `list_<n>` whether the n-th price list is open, `earn` points for a minor unit.
        """
        found = {}
        if self.discounts:
            found["rate"] = self._largest(binder, None)
            found |= {f"rate_{n}": self._largest(binder, category) for n, category in enumerate(self.categories)}
            for n, code in enumerate(self.lists):
                opens = self._by_rank(binder, "boolean[]", lambda tier, code=code: code in _lists(tier))  # type: ignore[misc]
                found[f"list_{n}"] = f"({' OR '.join(opens)})"
        if self.earns:
            found["earn"] = self._earn(binder)
        return {f"{self.name}_{name}": expression for name, expression in found.items()}

    def _largest(self, binder: Binder, category: str | None) -> str:
        """Of two percentages the larger takes more off, whatever the line's amount."""
        rates = self._by_rank(binder, "numeric[]", lambda tier: _rate(tier, category))
        return f"greatest({', '.join(rates)})"

    def _earn(self, binder: Binder) -> str:
        """Of several multipliers the largest counts; where no tier has one, it is 1. Four decimals each, or fewer:
        the product is exact.
        """
        multipliers = self._by_rank(binder, "numeric[]", _multiplier)
        unit = binder.constant(self.rules.points.per_unit.scaleb(-self.exponent), "numeric")
        return f"coalesce(greatest({', '.join(multipliers)}), {binder.constant(ONE, 'numeric')}) * {unit}"

    def _by_rank(self, binder: Binder, kind: str, value: Callable[[Tier], object]) -> list[str]:
        """For each ladder what the tier of the member's rank has."""
        found = []
        for ladder, rank in zip(self.rules.ladders, self.ranks, strict=True):
            found.append(f"({binder.constant([value(tier) for tier in ladder.tiers], kind)})[{rank} + 1]")
        return found

    def _tiers(self) -> Iterator[Tier]:
        return (tier for ladder in self.rules.ladders for tier in ladder.tiers)


def _discounts(tier: Tier) -> list[Discount]:
    return [benefit for benefit in tier.benefits if isinstance(benefit, Discount)]


def _lists(tier: Tier) -> list[str]:
    return [benefit.code for benefit in tier.benefits if isinstance(benefit, PriceList)]


def _rate(tier: Tier, category: str | None) -> Decimal:
    """The largest part that the tier takes off a line of the category (None: of one that no discount names)."""
    found = (one.percent for one in _discounts(tier) if one.category is None or one.category == category)
    return max(found, default=Decimal(0)).scaleb(-2)


def _multiplier(tier: Tier) -> Decimal | None:
    return max((one.multiplier for one in tier.benefits if isinstance(one, PointsMultiplier)), default=None)

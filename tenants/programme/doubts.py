"""What a draft may contain but hardly means: it is said beside the draft, and keeps nobody from publishing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Any

from saas.errors import Money
from tenants.programme.conditions import Leaf, Place, leaf_key, places
from tenants.programme.document import Programme, Tier
from tenants.programme.leaves import UNITS, plain
from tenants.programme.strict import Loc, Names, json_pointer


@dataclass(frozen=True)
class Doubt:
    """Something that a draft may contain but that is hardly meant; `pointer` leads to it in the document. `asks`: who
    asks for what, the doubtful tier first, and `names`: what parameters are called, so that it can be told in words.
    """

    pointer: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    asks: tuple[tuple[Tier, Leaf], ...] = field(default=(), compare=False)
    names: Mapping[str, Names] = field(default_factory=dict, compare=False)


def warnings(programme: Programme) -> list[Doubt]:
    """`lower-asks-more`: a rank asks for more than a higher one does of the same: metric, window, kind or category,
    weights of a score.

    `gte` bounds outside `not` are compared; where a tier has several such leaves (mostly alternatives),
    its smallest with the other's smallest and its largest with the other's largest.
    """
    return [
        doubt
        for n, ladder in enumerate(programme.ladders)
        for lower, higher in combinations(ladder.tiers, 2)
        for doubt in _asks_more(("ladders", n, "tiers", lower.rank, "qualify"), lower, higher, programme.currency)
    ]


def _asks_more(loc: Loc, lower: Tier, higher: Tier, currency: str) -> Iterator[Doubt]:
    above = _asks(higher)
    for key, asked in _asks(lower).items():
        # the smallest and the largest are the same place where the tier asks once: said once
        ends = {(asked[side].loc, above[key][side].loc): side for side in (-1, 0) if key in above}
        for side in ends.values():
            place, other = asked[side], above[key][side]
            if _gte(place) > _gte(other):
                asks, less = _bound(place, currency), _bound(other, currency)
                params = {"tier": lower.code, "asks": asks, "higher": higher.code, "less": less}
                both = ((lower, place.leaf), (higher, other.leaf))
                yield Doubt(json_pointer((*loc, *place.loc)), "lower-asks-more", params, both)


def _asks(tier: Tier) -> dict[str, list[Place]]:
    """The leaves that ask for at least something, by what they measure, the smallest first."""
    asked: dict[str, list[Place]] = {}
    if tier.qualify is not None:
        for place in places(tier.qualify):
            if place.leaf.gte is not None and not place.negated:
                asked.setdefault(leaf_key(place.leaf), []).append(place)
    return {key: sorted(found, key=_gte) for key, found in asked.items()}


def _gte(place: Place) -> Decimal | int:
    return place.leaf.gte or 0


def _bound(place: Place, currency: str) -> Money | int | str:
    asked = _gte(place)
    return Money(int(asked), currency) if UNITS[place.leaf.metric] == "money" else plain(asked)

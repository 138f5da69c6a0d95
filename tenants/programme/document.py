"""A tenant's programme as one versioned document: ladders of tiers and the rules beside them."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from babel.core import get_global
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from tenants.programme.benefits import Benefit
from tenants.programme.conditions import (
    AnyCondition,
    Condition,
    Leaf,
    ScoreLeaf,
    counts_anew,
    iter_leaves,
    leaf_key,
    parts,
    places,
)
from tenants.programme.published import Kept, Lineage, Published
from tenants.programme.rules import (
    Attribute,
    Eligibility,
    Lifecycle,
    Points,
    Stacking,
    Wallet,
)
from tenants.programme.schedule import Policy
from tenants.programme.strict import (
    Code,
    Codes,
    Fault,
    Loc,
    Names,
    Strict,
    as_tuple,
    duplicates,
    invalid,
)

MAX_LEAVES: Final = 256
"""Different leaves of all ladders together: each is a column of the statement that decides."""


@cache
def _currencies() -> frozenset[str]:
    """ISO 4217's codes of money that some country uses or used: an old document must stay readable."""
    by_territory = get_global("territory_currencies")
    return frozenset(code for uses in by_territory.values() for code, *_, tender in uses if tender)


def _known_currency(code: str) -> str:
    if code not in _currencies():
        message = "{currency} is not a currency of ISO 4217"
        raise PydanticCustomError("unknown-currency", message, {"currency": code})
    return code


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]


class Tier(Strict):
    """One step; `qualify` None for the base tier only, `retain` None where `qualify` keeps it too."""

    code: Code
    rank: int = Field(ge=0, lt=20)
    names: Names
    qualify: Condition | None = None
    retain: Condition | None = None
    benefits: Annotated[tuple[Benefit, ...], BeforeValidator(as_tuple), Field(max_length=50)] = ()


class Ladder(Strict):
    """Tiers in the order of their ranks, the base tier first, under one policy."""

    code: Code
    names: Names
    visibility: Literal["members", "staff"] = "members"
    tiers: Annotated[tuple[Tier, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=20)]
    policy: Policy

    @model_validator(mode="after")
    def _steps(self) -> Self:
        faults = list(_tier_faults(self.tiers))
        if faults:
            raise invalid("ladder", faults)
        return self

    def tier(self, code: str) -> Tier | None:
        """The tier of this code, if the ladder has it."""
        return next((tier for tier in self.tiers if tier.code == code), None)


def _tier_faults(tiers: tuple[Tier, ...]) -> Iterator[Fault]:
    for n in duplicates([tier.code for tier in tiers]):
        params = {"value": tiers[n].code}
        yield Fault(("tiers", n, "code"), "duplicate", "Another tier has the code {value}", params)
    for n, tier in enumerate(tiers):
        if tier.rank != n:
            message = "Ranks count from 0 without gaps: {rank} is expected here"
            yield Fault(("tiers", n, "rank"), "rank-order", message, {"rank": n})
        if n == 0:
            for name in ("qualify", "retain"):
                if getattr(tier, name) is not None:
                    yield Fault(("tiers", n, name), "base-condition", "The base tier has no condition")
        elif tier.qualify is None:
            yield Fault(("tiers", n, "qualify"), "qualify-missing", "A tier above the base needs a condition")


def _conditions(ladder: Ladder) -> Iterator[tuple[Loc, AnyCondition]]:
    """Every condition of a ladder with its place below it."""
    for n, tier in enumerate(ladder.tiers):
        for name, condition in (("qualify", tier.qualify), ("retain", tier.retain)):
            if condition is not None:
                yield ("tiers", n, name), condition


def _different_leaves(ladder: Ladder) -> int:
    """How many values decide on this ladder: a score's parts count too, each is a sum of its own. `lifetime` in a
    `retain` is one of its own: it knows no falls.
    """
    keys = set()
    for loc, condition in _conditions(ladder):
        for leaf in iter_leaves(condition):
            for part in {leaf, *parts(leaf)}:
                keys.add((leaf_key(part), loc[-1] == "retain" and counts_anew(part)))
    return len(keys)


def _kinds(leaf: Leaf) -> Iterator[tuple[Loc, str]]:
    """The kinds of activities that a leaf names, with their places below it."""
    if isinstance(leaf, ScoreLeaf):
        for n, weight in enumerate(leaf.weights):
            if weight.metric == "activities" and weight.kind is not None:
                yield ("weights", n, "kind"), weight.kind
    elif leaf.metric in {"activities", "rating"} and leaf.detail is not None:
        yield ("kind",), leaf.detail


class Programme(Strict):
    """The whole document. The first ladder is the main one. A stored version knows how it was `published`, too, which
    is no part of the document.
    """

    version: int = Field(default=1, ge=1, le=10**9)
    currency: Currency
    ladders: Annotated[tuple[Ladder, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=3)]
    points: Points = Points()
    wallet: Wallet = Wallet()
    stacking: Stacking = Stacking()
    eligibility: Eligibility = Eligibility()
    attributes: Annotated[tuple[Attribute, ...], BeforeValidator(as_tuple), Field(max_length=100)] = ()
    activity_kinds: Codes = ()
    health_kinds: Codes = ()
    lifecycle: Lifecycle = Lifecycle()
    _published: Published = PrivateAttr(default_factory=Published)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise invalid("programme", faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        for name, coded in (("ladders", self.ladders), ("attributes", self.attributes)):
            codes = [item.code for item in coded]
            for n in duplicates(codes):
                params = {"value": codes[n]}
                yield Fault((name, n, "code"), "duplicate", "The code {value} is taken", params)
        leaves = sum(_different_leaves(ladder) for ladder in self.ladders)
        if leaves > MAX_LEAVES:
            sizes = {"leaves": leaves, "most": MAX_LEAVES}
            yield Fault(("ladders",), "too-many-leaves", "{leaves} leaves are more than {most}", sizes)
        yield from self._unknown_kinds()
        yield from self.tells(self.health_kinds)
        tiers = {tier.code for ladder in self.ladders for tier in ladder.tiers}
        for n, step in enumerate(self.wallet.top_up_bonus):
            for k, code in enumerate(step.tiers or ()):
                if code not in tiers:
                    loc: Loc = ("wallet", "top_up_bonus", n, "tiers", k)
                    yield Fault(loc, "unknown-tier", "No ladder has a tier {value}", {"value": code})

    def _unknown_kinds(self) -> Iterator[Fault]:
        """A programme that lists its kinds of activities takes no others: no condition could ever hold on one.
        What is a health measurement is one of the list.
        """
        message = "{value} is not a kind of activity here; known are {known}"
        known = ", ".join(self.activity_kinds) or "-"
        for n, kind in enumerate(self.health_kinds):
            if kind not in self.activity_kinds:
                yield Fault(("health_kinds", n), "unknown-kind", message, {"value": kind, "known": known})
        if not self.activity_kinds:
            return
        for j, ladder in enumerate(self.ladders):
            for at, condition in _conditions(ladder):
                for place in places(condition):
                    for loc, kind in _kinds(place.leaf):
                        if kind not in self.activity_kinds:
                            params = {"value": kind, "known": known}
                            yield Fault(("ladders", j, *at, *place.loc, *loc), "unknown-kind", message, params)

    def tells(self, health_kinds: Collection[str]) -> Iterator[Fault]:
        """`rating-of-health` for each condition on the mean of what was measured under one of these kinds, or of all
        kinds together: a tier, and why it is held, is for more eyes than a health measurement.
        """
        message = "A tier can't hang on the values of health measurements; name a kind that is none"
        for j, ladder in enumerate(self.ladders):
            for at, condition in _conditions(ladder):
                for place in places(condition):
                    told = place.leaf.metric == "rating" and (
                        place.leaf.kind is None or place.leaf.kind in health_kinds
                    )
                    if health_kinds and told:
                        yield Fault(("ladders", j, *at, *place.loc), "rating-of-health", message)

    @classmethod
    def parse(cls, data: object) -> Self:
        """A programme from JSON data.

        Raises pydantic's ValidationError with every fault; each location is the path in the document.
        """
        return cls.model_validate(data)

    def dump(self) -> dict[str, Any]:
        """The document as JSON data, defaults written out: `parse` gives the same programme again."""
        return self.model_dump(mode="json")

    @property
    def published(self) -> Published:
        """How the version came into force."""
        return self._published

    @property
    def lineage(self) -> Lineage:
        """What became of the tiers of earlier versions."""
        return self._published.lineage

    @property
    def kept(self) -> Kept:
        """What rules of before had renewed without a word."""
        return self._published.kept

    def as_published(self, published: Published) -> Self:
        """The same programme, as a version that came into force like this."""
        version = self.model_copy()
        version._published = published  # noqa: SLF001 - a copy of its own
        return version

    def present(self, ladder: Ladder, tier: str, rank: int) -> Tier | None:
        """The tier that a stored one (its code and rank then) is now; None where nobody said what became of it."""
        if rank <= 0:
            return ladder.tiers[0]
        return ladder.tier(self.lineage.get(ladder.code, {}).get(tier, tier))

    def raised(self, ladder: Ladder, tier: str) -> Tier | None:
        """The same of one that was above the base."""
        return self.present(ladder, tier, 1)

    @property
    def main(self) -> Ladder:
        """The main ladder."""
        return self.ladders[0]

    def ladder(self, code: str) -> Ladder | None:
        """The ladder of this code, if the programme has it."""
        return next((ladder for ladder in self.ladders if ladder.code == code), None)

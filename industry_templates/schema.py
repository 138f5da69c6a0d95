"""The shape of an industry template: a complete programme, what goes with it, and what its owner should know."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from industry_templates.counter import Till
from industry_templates.offers import Commission, PriceList, Reward
from industry_templates.texts import Note
from tenants.campaigns.document import Campaign
from tenants.campaigns.texts import Message, Prose
from tenants.coupons.terms import Coupon
from tenants.programme.document import Ladder, Programme
from tenants.programme.doubts import warnings
from tenants.programme.strict import Code, Codes, Names, Percent, Strict, as_tuple
from tenants.segments.conditions import SegmentCondition
from tenants.tasks.document import Task


class Segment(Strict):
    """Members that a condition selects, under a name; the chain gets it at sign-up."""

    code: Code
    names: Names
    condition: SegmentCondition


class Share(Strict):
    """A class by share of revenue, found and not set: the largest customers who together make up to `percent`."""

    code: Code
    names: Names
    percent: Percent


def _meant(programme: Programme) -> Programme:
    doubts = warnings(programme)
    if doubts:
        raise PydanticCustomError(
            "doubtful-template", "{pointer} asks more than a higher rank", {"pointer": doubts[0].pointer}
        )
    return programme


class Variant(Strict):
    """One of several ladder sets to choose from at sign-up; the rest of the programme is the template's.

    `ladders` None: those of the template itself. `segments` are added to the template's, or take the place of those
    with the same code.
    """

    code: Code
    names: Names
    summary: Prose
    notes: Annotated[tuple[Note, ...], BeforeValidator(as_tuple)]
    ladders: Annotated[tuple[Ladder, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=3)] | None
    activity_kinds: Codes | None = None
    segments: Annotated[tuple[Segment, ...], BeforeValidator(as_tuple)] = ()
    shares: Annotated[tuple[Share, ...], BeforeValidator(as_tuple), Field(max_length=10)] = ()


class Template(Strict):
    """An industry's programme, ready to use; every part can be changed after it's chosen.

    Read it by `parse_template`, which also looks whether its parts fit together.
    """

    code: Code
    names: Names
    summary: Prose
    notes: Annotated[tuple[Note, ...], BeforeValidator(as_tuple)]
    programme: Annotated[Programme, AfterValidator(_meant)]
    variants: Annotated[tuple[Variant, ...], BeforeValidator(as_tuple)] = ()
    segments: Annotated[tuple[Segment, ...], BeforeValidator(as_tuple)]
    coupons: Annotated[tuple[Coupon, ...], BeforeValidator(as_tuple)]
    rewards: Annotated[tuple[Reward, ...], BeforeValidator(as_tuple)] = ()
    price_lists: Annotated[tuple[PriceList, ...], BeforeValidator(as_tuple)] = ()
    commissions: Annotated[tuple[Commission, ...], BeforeValidator(as_tuple)] = ()
    campaigns: Annotated[tuple[Campaign, ...], BeforeValidator(as_tuple)]
    messages: Annotated[tuple[Message, ...], BeforeValidator(as_tuple)]
    till: Till
    tasks: Annotated[tuple[Task, ...], BeforeValidator(as_tuple)] = ()

    def variant(self, code: str | None) -> Variant | None:
        """The variant of this code, the first one without a code; None where the template has none to choose from.

        Raises LookupError for a code that it doesn't have.
        """
        if code is None:
            return self.variants[0] if self.variants else None
        for variant in self.variants:
            if variant.code == code:
                return variant
        raise LookupError(code)

    def programme_of(self, variant: Variant | None) -> Programme:
        """The whole programme under one of the variants. Raises pydantic's ValidationError if it doesn't hold."""
        if variant is None or (variant.ladders is None and variant.activity_kinds is None):
            return self.programme
        document = self.programme.dump()
        if variant.ladders is not None:
            document["ladders"] = [ladder.model_dump(mode="json") for ladder in variant.ladders]
        if variant.activity_kinds is not None:
            document["activity_kinds"] = list(variant.activity_kinds)
        return Programme.parse(document)

    def segments_of(self, variant: Variant | None) -> tuple[Segment, ...]:
        """The segments under one of the variants, its own in the place of the template's of the same code."""
        own = {segment.code: segment for segment in (variant.segments if variant else ())}
        kept = tuple(own.pop(segment.code, segment) for segment in self.segments)
        return (*kept, *own.values())

    def choices(self) -> Iterator[tuple[Variant | None, Programme]]:
        """Every programme that can come of this template."""
        if not self.variants:
            yield None, self.programme
        for variant in self.variants:
            yield variant, self.programme_of(variant)

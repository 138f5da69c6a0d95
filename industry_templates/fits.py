"""Whether a template's parts fit together: what is named must be there, in every variant."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from pydantic import ValidationError

from industry_templates.counter import TENDERS
from industry_templates.schema import Template, Variant
from tenants.campaigns.document import GrantCampaign
from tenants.programme.benefits import Gift
from tenants.programme.document import Ladder, Programme
from tenants.programme.doubts import warnings
from tenants.programme.strict import Fault, Loc, duplicates, invalid
from tenants.segments.references import reference_faults

_CODED: Final = (
    "variants",
    "segments",
    "coupons",
    "rewards",
    "price_lists",
    "commissions",
    "campaigns",
    "messages",
    "tasks",
)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


def parse_template(data: object) -> Template:
    """A template from JSON data. Raises pydantic's ValidationError; each location is the path in the document."""
    template = Template.model_validate(data)
    found = list(faults(template))
    if found:
        raise invalid("template", found)
    return template


def faults(template: Template) -> Iterator[Fault]:
    """`duplicate` codes, names that lead nowhere (`unknown-…`, tenders too), activities that no button records."""
    for name in _CODED:
        codes = [item.code for item in getattr(template, name)]
        for n in duplicates(codes):
            yield Fault((name, n, "code"), "duplicate", "The code {value} is taken", {"value": codes[n]})
    yield from _campaign_faults(template)
    for n, variant in enumerate(template.variants or (None,)):
        loc: Loc = () if variant is None else ("variants", n)
        try:
            programme = template.programme_of(variant)
        except ValidationError as error:
            first = error.errors()[0]
            yield Fault(loc, "variant-programme", "{why} at {where}", {"why": first["msg"], "where": str(first["loc"])})
            continue
        for doubt in warnings(programme):
            yield Fault(loc, "doubtful-template", "{pointer} asks more than a higher rank", {"pointer": doubt.pointer})
        yield from _programme_faults(template, programme, loc if variant and variant.ladders else ("programme",))
        yield from _segment_faults(template, variant, programme, loc)
        yield from _counter_faults(template, programme)


def _unknown(loc: Loc, kind: str, value: str) -> Fault:
    return Fault(loc, f"unknown-{kind}", "There is no {kind} {value}", {"kind": kind, "value": value})


def _campaign_faults(template: Template) -> Iterator[Fault]:
    coupons, messages = _codes(template.coupons), {message.code: message for message in template.messages}
    segments = _codes(template.segments).union(*(_codes(variant.segments) for variant in template.variants))
    for n, campaign in enumerate(template.campaigns):
        if campaign.audience is not None and campaign.audience not in segments:
            yield _unknown(("campaigns", n, "audience"), "segment", campaign.audience)
        if isinstance(campaign, GrantCampaign) and campaign.coupon is not None and campaign.coupon not in coupons:
            yield _unknown(("campaigns", n, "coupon"), "coupon", campaign.coupon)
        if campaign.message is not None:
            message = messages.get(campaign.message)
            if message is None:
                yield _unknown(("campaigns", n, "message"), "message", campaign.message)
            elif campaign.channel not in message.channels:
                params = {"channel": campaign.channel}
                yield Fault(("campaigns", n, "channel"), "wrong-channel", "The message has no {channel}", params)
    for n, task in enumerate(template.tasks):
        if task.segment is not None and task.segment not in segments:
            yield _unknown(("tasks", n, "segment"), "segment", task.segment)


def _programme_faults(template: Template, programme: Programme, loc: Loc) -> Iterator[Fault]:
    coupons, lists = _codes(template.coupons), _codes(template.price_lists)
    for n, ladder in enumerate(programme.ladders):
        for tier in ladder.tiers:
            for k, benefit in enumerate(tier.benefits):
                place: Loc = (*loc, "ladders", n, "tiers", tier.rank, "benefits", k)
                if isinstance(benefit, Gift) and benefit.coupon not in coupons:
                    yield _unknown((*place, "coupon"), "coupon", benefit.coupon)
                if benefit.type == "price_list" and benefit.code not in lists:
                    yield _unknown((*place, "code"), "price-list", benefit.code)
    yield from _points_faults(programme)


def _points_faults(programme: Programme) -> Iterator[Fault]:
    for n, tender in enumerate(programme.points.excluded_tenders):
        if tender not in TENDERS:
            yield _unknown(("programme", "points", "excluded_tenders", n), "tender", tender)
    if programme.points.beside is not None:
        for n, item in enumerate(programme.points.beside.activities):
            if item.kind not in programme.activity_kinds:
                yield _unknown(("programme", "points", "beside", "activities", n, "kind"), "kind", item.kind)


def _segment_faults(template: Template, variant: Variant | None, programme: Programme, loc: Loc) -> Iterator[Fault]:
    own = _codes(variant.segments) if variant else set()
    for n, segment in enumerate(template.segments):
        if segment.code not in own:
            yield from reference_faults(segment.condition, programme, ("segments", n, "condition"))
    for n, segment in enumerate(variant.segments if variant else ()):
        yield from reference_faults(segment.condition, programme, (*loc, "segments", n, "condition"))


def _counter_faults(template: Template, programme: Programme) -> Iterator[Fault]:
    buttons = {button.kind for button in template.till.activities}
    for kind in programme.activity_kinds:
        if kind not in buttons:
            yield Fault(("till", "activities"), "button-missing", "No button records {value}", {"value": kind})
    for n, task in enumerate(template.tasks):
        if task.ladder is not None:
            ladder = programme.ladder(task.ladder)
            if ladder is None:
                yield _unknown(("tasks", n, "ladder"), "ladder", task.ladder)
            else:
                yield from _tier_faults(ladder, task.tiers, ("tasks", n, "tiers"))
    for n, reward in enumerate(template.rewards):
        if reward.tier is not None and not any(ladder.tier(reward.tier) for ladder in programme.ladders):
            yield _unknown(("rewards", n, "tier"), "tier", reward.tier)


def _tier_faults(ladder: Ladder, tiers: Sequence[str], loc: Loc) -> Iterator[Fault]:
    for n, code in enumerate(tiers):
        if ladder.tier(code) is None:
            yield _unknown((*loc, n), "tier", code)


def _codes(items: Sequence[_Coded]) -> set[str]:
    return {item.code for item in items}

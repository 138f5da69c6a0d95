"""What starting a campaign does at once, and for how many: told before anybody presses the button."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from saas.i18n import Tongue, n_
from tenants.campaigns.document import AnyCampaign
from tenants.campaigns.message_texts import message_of
from tenants.campaigns.when import (
    OnBirthday,
    OnPointsExpiring,
    OnPurchase,
    OnSegmentEntered,
    TimeBox,
)
from tenants.messages.daytime import until_morning
from tenants.nightly import Night, this_night
from tenants.segments.conditions import parse_segment_condition
from tenants.segments.segment import condition_named
from tenants.segments.selecting import Counted, segment_of

PATIENCE: Final = 2.0
"""Seconds for a count; what is found by then is said to be the least."""
_EVERYBODY: Final = {"property": "kind", "in": ["person", "company"]}


@dataclass(frozen=True, slots=True)
class Outlook:
    """`now`: whom it has something for as soon as it is started, None where that is nobody; `agreed`: those of them
    who may be told by its channel, None where that isn't asked. `waits`: messages go out in the morning only.
    """

    audience: Counted | None
    now: Counted | None
    agreed: Counted | None
    waits: bool
    sentence: str


async def audience_counted(campaign: AnyCampaign, patience: float = PATIENCE) -> Counted | None:
    """How many members it is for; None of guests. Raises what asking the segment raises."""
    if isinstance(campaign.when, OnPurchase) and campaign.when.by == "guest":
        return None
    return await _count(campaign, [], patience)


async def outlook_of(campaign: AnyCampaign, speaks: Tongue) -> Outlook:
    """Raises what asking the audience raises (`tenants.segments.usable`)."""
    night = await this_night()
    audience = await audience_counted(campaign)
    leaves, said = _at_once(campaign, night)
    now = None if leaves is None else await _count(campaign, leaves, PATIENCE)
    agreed = None
    message = None if campaign.message is None else await message_of(campaign.message)
    if message is not None and message.purpose == "marketing" and now is not None:
        consent = {"property": "consent", "in": [campaign.channel]}
        agreed = await _count(campaign, [*(leaves or ()), consent], PATIENCE)
    waits = campaign.message is not None and until_morning(night.now, night.zone) is not None
    return Outlook(audience, now, agreed, waits, speaks.say(said))


def _at_once(campaign: AnyCampaign, night: Night) -> tuple[list[dict[str, Any]] | None, str]:
    """What is asked of the audience besides to have something at once, None where nobody has; and it in words."""
    when = campaign.when
    match when:
        case OnSegmentEntered():
            return [], n_("Everybody who is in the segment now has it at once; then whoever comes into it.")
        case OnBirthday():
            n = when.days_before
            leaf = {"property": "birthday_in_days", "gte": n, "lt": n + 1}
            return [leaf], n_("Those whose birthday it is about today have it at once; others as their day comes.")
        case OnPointsExpiring():
            leaf = {"property": "points_expiring", "days": when.days + 1, "gte": 1}
            return [leaf], n_("Everybody whose points end within these days has it at once; others as their day comes.")
    if not isinstance(when, TimeBox):
        return None, n_("Nobody has it at once. From now on, each time it happens; never for what happened before.")
    if not when.holds(night.today):
        return None, n_("Nothing happens today: it begins by itself on its first day.")
    return _today(campaign)


def _today(campaign: AnyCampaign) -> tuple[list[dict[str, Any]] | None, str]:
    """Of one whose days include today."""
    if campaign.type in {"grant", "message"}:
        return [], n_("Everybody it is for has it at once; who is in the audience on a later night, then.")
    if campaign.message is None:
        return None, n_("It holds at every till at once.")
    return [], n_("It holds at every till at once, and everybody it is for is told.")


async def _count(campaign: AnyCampaign, leaves: list[dict[str, Any]], patience: float) -> Counted | None:
    """How many of the audience meet the leaves, too. None where the audience is gone, or together with the leaves
    more than a condition may ask.
    """
    parts = list(leaves)
    if campaign.audience is not None:
        condition = await condition_named(campaign.audience)
        if condition is None:
            return None
        parts.insert(0, condition.model_dump(mode="json", by_alias=True))
    asked = {"all": parts} if len(parts) > 1 else parts[0] if parts else _EVERYBODY
    try:
        parsed = parse_segment_condition(asked)
    except ValidationError:
        return None
    return await (await segment_of(parsed, patience=patience)).count()

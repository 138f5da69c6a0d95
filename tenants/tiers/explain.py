"""Why a member is in its tier, and how far it is to the next: the decision's own values, read and not written.

The values come from the compiler that decides, so an explanation can't tell another story; the words are made from the
same values (`explaining`).
"""

from typing import Any
from uuid import UUID

from saas.errors import Language
from tenants.programme.document import Tier
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.explaining.because import because
from tenants.tiers.explaining.effort import prices
from tenants.tiers.explaining.next_tier import next_tier
from tenants.tiers.explaining.scene import Scene, scene
from tenants.tiers.explaining.shown import shown
from tenants.tiers.explaining.ways import Way, told, ways
from tenants.tiers.reading import Reading


async def explain(member_id: UUID, ladder_code: str | None, language: Language | None = None) -> dict[str, Any]:
    """The explanation of one ladder (default: the main one), as of the tenant's now, in words of `language` (default:
    the chain's own).

    Raises DomainError `not-found` for an unknown member or ladder.
    """
    seen = await scene(member_id, ladder_code, language)
    price = prices(seen.reading, seen.rules)
    ways_to = [[] if tier.qualify is None else ways(seen.reading, tier.qualify, price) for tier in seen.ladder.tiers]
    return {
        "member_id": member_id,
        "as_of": seen.reading.moment.at.astimezone(seen.zone),
        "programme_version": seen.rules.version,
        "ladder": seen.ladder.code,
        "current": _current(seen),
        "because": because(seen),
        "tiers": [_tier(seen, tier, ways_to[tier.rank]) for tier in seen.ladder.tiers[1:]],
        "keeps": keeps(seen.reading, seen.teller),
        "next": next_tier(seen, ways_to),
    }


def _current(seen: Scene) -> dict[str, Any]:
    """The tier held, since when and why; the decision's own facts are its receipt."""
    tier = seen.reading.held
    return {
        "code": seen.state("tier"),
        "names": tier.names.model_dump(mode="json", by_alias=True) if tier else None,
        "since": seen.state("began") or seen.reading.row["joined_on"],
        "valid_until": seen.state("valid_until"),
        "locked_until": seen.locked_until,
        "reason": seen.state("reason"),
        "decision_id": seen.state("decision_id"),
        "facts": seen.facts,
    }


def _tier(seen: Scene, tier: Tier, found: list[Way]) -> dict[str, Any]:
    tree, holds = shown(seen.reading, tier.qualify, seen.teller, in_retain=False)
    above = tier.rank > seen.state("rank")
    return {
        "code": tier.code,
        "names": tier.names.model_dump(mode="json", by_alias=True),
        "qualifies": holds,
        "conditions": tree,
        "text": _asks(tier, holds, seen.teller),
        "ways": [told(way, seen.teller) for way in found] if above and not holds else [],
    }


def _asks(tier: Tier, holds: bool, teller: Teller) -> str:
    """What the tier asks for, and whether it is met."""
    asks = "—" if tier.qualify is None else condition_text(tier.qualify, teller)
    name = teller.named(tier.names)
    if holds:
        return teller.sentence(teller.say("%(tier)s asks for %(what)s: this is met", tier=name, what=asks))
    return teller.sentence(teller.say("%(tier)s asks for %(what)s: this is not met", tier=name, what=asks))


def keeps(reading: Reading, teller: Teller) -> dict[str, Any] | None:
    """What keeps the tier when its validity ends; None in the base tier, and in one that the programme lacks."""
    tier = reading.held
    if tier is None or tier.rank == 0:
        return None
    condition = tier.retain or tier.qualify
    tree, holds = shown(reading, condition, teller, in_retain=tier.retain is not None)
    return {"holds": holds, "conditions": tree, "text": _keeping(tier, holds, teller)}


def _keeping(tier: Tier, holds: bool, teller: Teller) -> str:
    condition = tier.retain or tier.qualify
    asks = "—" if condition is None else condition_text(condition, teller)
    name = teller.named(tier.names)
    if holds:
        return teller.sentence(teller.say("%(tier)s is kept by %(what)s: this is met as of now", tier=name, what=asks))
    return teller.sentence(teller.say("%(tier)s is kept by %(what)s: this is not met yet", tier=name, what=asks))

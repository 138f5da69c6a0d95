"""The way to the next tier: what is missing, the cheapest way first, and when it is decided."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from tenants.programme.document import Tier
from tenants.programme.schedule import next_schedule_day
from tenants.programme.windows import ONE_DAY
from tenants.programme.wording.teller import Teller
from tenants.tiers.explaining.scene import Scene
from tenants.tiers.explaining.ways import Way, step, told, way_text


def next_tier(scene: Scene, ways_to: Sequence[list[Way]]) -> dict[str, Any] | None:
    """The lowest tier above that more can reach; `ways_to`: by rank. None: there is none such.

    An empty `missing`: it is reached, and `text` says when it comes.
    """
    for tier in scene.ladder.tiers[scene.state("rank") + 1 :]:
        found = ways_to[tier.rank]
        if tier.qualify is None or not found:
            continue
        first = found[0]
        return {
            "code": tier.code,
            "names": tier.names.model_dump(mode="json", by_alias=True),
            "missing": [step(part, scene.teller) for part in first],
            "ways": [told(way, scene.teller) for way in found],
            "on": _on(scene, first),
            "text": scene.teller.sentence(_text(scene, tier, first)),
        }
    return None


def _on(scene: Scene, way: Way) -> date | None:
    """The day at whose start it is decided; None: at once, with what is missing."""
    by_schedule = scene.ladder.policy.upgrade == "scheduled" or not way
    if not scene.may_rise and scene.locked_until is not None:  # its last day is the lock's, too
        schedule = scene.ladder.policy.schedule
        return next_schedule_day(schedule, scene.locked_until) if by_schedule else scene.locked_until + ONE_DAY
    return scene.next_schedule if by_schedule else None


def _text(scene: Scene, tier: Tier, way: Way) -> str:
    teller, name = scene.teller, scene.teller.named(tier.names)
    decided = teller.day(scene.next_schedule)
    if not scene.may_rise and scene.locked_until is not None:
        until = teller.day(scene.locked_until)
        if way:
            asks = way_text(way, teller)
            return teller.say("%(tier)s: %(way)s; locked until %(day)s", tier=name, way=asks, day=until)
        return teller.say("%(tier)s is earned, but staff locked the tier until %(day)s", tier=name, day=until)
    scheduled = scene.ladder.policy.upgrade == "scheduled"
    if not way:
        by_purchase = scene.awaited and scene.rules.published.transition == "next_purchase"
        return _reached(teller, name, decided, scheduled=scheduled and not by_purchase)
    asks = way_text(way, teller)
    if scheduled:
        return teller.say("%(tier)s: %(way)s; decided on %(day)s", tier=name, way=asks, day=decided)
    return teller.label(name, asks)


def _reached(teller: Teller, name: str, decided: str, *, scheduled: bool) -> str:
    if scheduled:
        return teller.say("%(tier)s is earned and comes with the schedule of %(day)s", tier=name, day=decided)
    return teller.say(
        "%(tier)s is earned and comes with the next purchase, at the latest on %(day)s", tier=name, day=decided
    )

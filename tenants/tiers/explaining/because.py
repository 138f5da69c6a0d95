"""Why a member is in its tier: how it came to it, what holds it there, and what will decide next."""

from collections.abc import Iterator
from typing import Final

from saas.i18n import n_
from tenants.programme.schedule import UntilNextSchedule
from tenants.programme.wording.conditions import condition_text
from tenants.tiers.explaining.came import came
from tenants.tiers.explaining.scene import Scene, target
from tenants.tiers.reading import holds
from tenants.tiers.recheck import by_the_rules


def because(scene: Scene) -> list[str]:
    """The sentences, in the order in which somebody would tell it."""
    told = [*came(scene), *_stands(scene), *_new_rules(scene), *_open(scene)]
    return [scene.teller.sentence(text) for text in told]


# --- what holds it --------------------------------------------------------------------------------


def _stands(scene: Scene) -> Iterator[str]:
    teller, held = scene.teller, scene.reading.held
    if held is not None and held.rank > 0 and scene.decision["to_tier"] != held.code:
        yield teller.say("by the rules in force it goes on as %(tier)s", tier=teller.named(held.names))
    if scene.locked_until is not None:
        if scene.may_rise:
            message = n_(
                "it is locked until %(day)s: until then the rules may raise it, but neither lower nor renew it"
            )
        else:
            message = n_("it is locked until %(day)s: until then the rules neither raise nor lower it")
        yield teller.say(message, day=teller.day(scene.locked_until))
    if held is None:
        yield teller.say("the rules in force have no such tier any more")
    elif scene.state("rank") > 0 and scene.locked_until is None:
        yield _validity(scene)
    if scene.state("fell_on") is not None:
        fell = teller.day(scene.state("fell_on"))
        yield teller.say("since the fall on %(day)s, what counts in all for a tier is counted from that day", day=fell)
    if scene.decision["due_at"] is not None and scene.state("rank") > 0 and _made_again(scene):
        due = scene.day(scene.decision["due_at"])
        yield teller.say("a refund has put it in question: on %(day)s the decision that gave it is made again", day=due)


def _made_again(scene: Scene) -> bool:
    """Whether a refund's recheck looks at the decision that gave the tier."""
    return by_the_rules(scene.decision["given_reason"], scene.decision["given_cause"])


def _validity(scene: Scene) -> str:
    teller, until, grace = scene.teller, scene.state("valid_until"), scene.grace_until
    tier = scene.reading.held
    condition = None if tier is None else tier.retain or tier.qualify
    keeps = condition_text(condition, teller) if condition else "—"
    decided = teller.day(scene.next_schedule)
    if isinstance(scene.ladder.policy.validity, UntilNextSchedule) and (until is None or until >= scene.today):
        return teller.say(
            "the schedule decides about it anew on %(day)s; what keeps it: %(keeps)s", day=decided, keeps=keeps
        )
    if until is None or grace is None:
        return teller.say("it holds without an end")
    last = teller.day(until)
    if until >= scene.today:
        stands = tier is not None and holds(scene.reading, condition, in_retain=tier.retain is not None)
        if stands:
            return teller.say(
                "it holds until %(day)s; what keeps it then is met as of now: %(keeps)s", day=last, keeps=keeps
            )
        return teller.say("it holds until %(day)s; what keeps it then is not met yet: %(keeps)s", day=last, keeps=keeps)
    if grace >= scene.today:
        message = n_(
            "its validity ended on %(day)s; in the days of grace until %(grace)s it can still be kept by %(keeps)s"
        )
        return teller.say(message, day=last, grace=teller.day(grace), keeps=keeps)
    return teller.say(
        "its validity and grace are over since %(day)s; it is decided on %(next)s at the latest",
        day=teller.day(grace),
        next=decided,
    )


# --- new rules ------------------------------------------------------------------------------------


def _new_rules(scene: Scene) -> Iterator[str]:
    """Rules that came after the last decision, where they would give another tier."""
    published, reached = scene.rules.published, target(scene.reading)
    if not scene.awaited or published.transition is None or published.effective_at is None:
        return
    said = {
        "day": scene.day(published.effective_at),
        "version": scene.rules.version,
        "target": scene.teller.named(scene.ladder.tiers[reached].names),
        "schedule": scene.teller.day(scene.next_schedule),
    }
    told = _LESS if reached < scene.state("rank") else _MORE
    if published.transition in told:
        yield scene.teller.say(told[published.transition], **said)


_LESS: Final = {
    "grandfather": n_(
        "the rules changed on %(day)s (version %(version)s) and would give %(target)s;"
        " who held the tier before keeps it, with the new benefits, until its validity ends"
    ),
    "up_only": n_(
        "the rules changed on %(day)s (version %(version)s) and would give %(target)s;"
        " they were put in force so that nobody falls by them at once"
    ),
    "next_schedule": n_(
        "the rules changed on %(day)s (version %(version)s) and give %(target)s with the schedule of %(schedule)s"
    ),
    "next_purchase": n_(
        "the rules changed on %(day)s (version %(version)s) and give %(target)s with the next purchase"
    ),
    "now": n_(
        "the rules changed on %(day)s (version %(version)s) and are being applied to every member: %(target)s follows"
    ),
}
_MORE: Final = {name: _LESS[name] for name in ("next_schedule", "next_purchase", "now")}


# --- what comes next ------------------------------------------------------------------------------


def _open(scene: Scene) -> Iterator[str]:
    if (
        scene.state("rank") >= len(scene.ladder.tiers) - 1
        and scene.reading.held is not None
        and scene.state("rank") > 0
    ):
        yield scene.teller.say("there is no higher tier")

"""Tasks and their rules in the reader's words."""

from collections.abc import Mapping
from typing import Any, Final

from saas.i18n import Tongue, n_
from tenants.offers.coupon_pages.words import named
from tenants.programme.document import Programme
from tenants.tiers.labels import tone_of

STATES: Final = {
    "open": n_("To call"),
    "postponed": n_("Put off"),
    "done": n_("Done"),
    "skipped": n_("Skipped"),
    "settled": n_("Came by itself"),
    "dropped": n_("No longer needed"),
}
TONES: Final = {
    "open": "tone-2",
    "postponed": "tone-4",
    "done": "tone-6",
    "skipped": "tone-0",
    "settled": "tone-6",
    "dropped": "tone-0",
}
OUTCOMES: Final = {
    "reached": n_("Reached"),
    "will_come": n_("Will come"),
    "not_reached": n_("Not reached"),
    "declined": n_("Wants no calls"),
    "other": n_("Something else"),
}
OUTCOME_SIGNS: Final = {
    "reached": "phone-call",
    "will_come": "calendar-check",
    "not_reached": "phone-missed",
    "declined": "phone-off",
    "other": "message-square",
}
ACTS: Final = {"done": n_("Done"), "postpone": n_("Put off until %(day)s"), "skip": n_("Skipped")}


def rhythm(every: Mapping[str, Any], speaks: Tongue) -> str:
    """How often a member is called."""
    if every["type"] == "days":
        return speaks.plural("once in %(n)s day", "once in %(n)s days", every["days"])
    if every["type"] == "months":
        return speaks.plural("once in %(n)s month", "once in %(n)s months", every["months"])
    return speaks.say("whenever a campaign gives a reason")


def for_whom(rule: Mapping[str, Any], rules: Programme, segments: Mapping[str, str], speaks: Tongue) -> str:
    """The members whom a rule is about."""
    if rule["segment"] is not None:
        return speaks.say("Segment “%(name)s”", name=segments.get(rule["segment"], rule["segment"]))
    ladder = rules.ladder(rule["ladder"])
    tiers = [(code, ladder.tier(code) if ladder else None) for code in rule["tiers"]]
    return speaks.say(", ").join(tier.names.get(speaks.language) if tier else code for code, tier in tiers)


def tier_mark(tier: Mapping[str, Any] | None, rules: Programme) -> dict[str, Any] | None:
    """A tier that is held, with its colour; the base says nothing that helps a call."""
    ladder = rules.ladder(tier["ladder"]) if tier else None
    held = ladder.tier(tier["code"]) if ladder and tier else None
    if tier is None or ladder is None:
        return None
    return {"name": tier["name"], "tone": tone_of(held.rank, len(ladder.tiers)) if held else 0}


def task_line(task: Mapping[str, Any], rules: Programme, speaks: Tongue, currency: str) -> dict[str, Any]:
    """A task as a row: whom to call, why, how things stand."""
    member, days = task["member"], task["days_since_purchase"]
    state, outcome = task["state"], task["outcome"]
    return {
        **task,
        "who": member["name"] or member["phone"] or speaks.say("Unnamed"),
        "phone": member["phone"],
        "tint": member["id"].int % 6,
        "mark": tier_mark(task["tier"], rules),
        "why": named(task["rule"]["names"], speaks),
        "state_name": speaks.say(STATES[state]),
        "tone": TONES[state],
        "outcome_name": speaks.say(OUTCOMES[outcome]) if outcome else "",
        "worth": speaks.money(task["value"], currency),
        "last_visit": last_visit(days, speaks),
    }


def last_visit(days: int | None, speaks: Tongue) -> str:
    """How long ago the last purchase was."""
    if days is None:
        return speaks.say("Never bought")
    return speaks.say("Today") if days == 0 else speaks.plural("%(n)s day ago", "%(n)s days ago", days)

"""Rewards and claims in the reader's words."""

from typing import Any, Final

import asyncpg

from saas.i18n import Tongue, n_
from tenants.frame import Frame
from tenants.offers.coupon_pages.words import named
from tenants.offers.whom import Person
from tenants.programme.document import Programme

STATES: Final = {"claimed": n_("To be handed out"), "collected": n_("Handed out"), "cancelled": n_("Cancelled")}
TONES: Final = {"claimed": "tone-2", "collected": "tone-6", "cancelled": "tone-0"}


def floor_words(floor: dict[str, str] | None, rules: Programme, speaks: Tongue) -> str:
    """Who may claim it."""
    if floor is None:
        return speaks.say("Every member")
    ladder = rules.ladder(floor["ladder"])
    tier = None if ladder is None else rules.raised(ladder, floor["tier"])
    if tier is None:
        return speaks.say("Nobody: the rules have no tier %(tier)s any more", tier=floor["tier"])
    return speaks.say("%(tier)s and above", tier=tier.names.get(speaks.language))


def tiers_of(rules: Programme, speaks: Tongue) -> list[tuple[str, str]]:
    """Tiers above the base, for a choice: `ladder:tier`; the ladder is named where there are several."""
    several = len(rules.ladders) > 1
    return [
        (
            f"{ladder.code}:{tier.code}",
            " · ".join([ladder.names.get(speaks.language)] * several + [tier.names.get(speaks.language)]),
        )
        for ladder in rules.ladders
        for tier in ladder.tiers
        if tier.rank > 0
    ]


def claim_line(row: asyncpg.Record, who: Person | None, speaks: Tongue, around: Frame) -> dict[str, Any]:
    """A claim as a row of a list."""
    state = row["state"]
    return {
        "id": row["id"],
        "reward": named(row["names"], speaks),
        "who": who,
        "points": row["points"],
        "open": state == "claimed",
        "state": speaks.say(STATES[state]),
        "tone": TONES[state],
        "at": speaks.moment(row["recorded_at"], around.timezone),
    }

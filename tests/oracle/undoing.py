"""A purchase that never was: the standing that it replaced stands again."""

from collections.abc import Sequence
from datetime import datetime

from oracle.decisions import Decision
from oracle.standings import Standings
from oracle.versions import read


def undo(chain: Standings, member: str, ladder: str, external_id: str, at: datetime) -> list[Decision]:
    """What the purchase decided about a ladder, and nothing else since, is what it was before it."""
    told = chain.told(member, ladder)
    if not told or told[-1].cause != external_id:
        return []
    first = next(one for one in told if one.cause == external_id)
    before = chain.gone_on(first.before, ladder)
    before = read(before, ladder, chain.versions.number(first.version), chain.versions.now)
    return [chain.write(chain.view(member, ladder, at), "refund", before, "firing", undoes=True)]


def standing(told: Sequence[Decision]) -> Sequence[Decision]:
    """Up to the one that gave what is held: what was undone, and its undo, gave nothing, nor what carried it over."""
    while told and (told[-1].undoes or told[-1].carries):
        cause = told[-1].cause
        told = told[:-1] if told[-1].carries else told[: next(n for n, one in enumerate(told) if one.cause == cause)]
    return told

"""What became of tiers: of each ladder's codes, which one each is now.

Stored standings and decisions keep the codes and ranks of their day. Whoever reads one reads it through the lineage of
the rules in force, so that members stand where they should the moment a version is published, long before its run has
come to them. Only what is above the base has a lineage: the base tier is where nobody was lifted from, whatever its
name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tenants.programme.document import Ladder, Programme
from tenants.programme.published import Lineage

Holders = Mapping[str, Mapping[str, str] | None]
"""By ladder: what becomes of those who hold a code that the new rules don't have. None: the ladder goes."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`lineage` of the new rules; `ladders` of theirs on which a code or a rank is not what it was."""

    lineage: Lineage
    ladders: frozenset[str] = field(default_factory=frozenset)


_NOTHING: Final[Mapping[str, str]] = {}


def descend(old: Programme, new: Programme, holders: Holders, returning: Mapping[str, Ladder] | None = None) -> Moved:
    """How the tiers of `old` (with its lineage) live on in `new`. A code that both have is itself; another one goes
    where `holders` says, else to the nearest tier below it that is still there. `returning`: the ladders that `new` has
    and `old` hasn't any more, as they last were.
    """
    lineage: dict[str, Mapping[str, str]] = {}
    moved = set()
    for ladder in new.ladders:
        known = old.lineage.get(ladder.code, _NOTHING)
        before = old.ladder(ladder.code)
        was = before or (returning or {}).get(ladder.code)
        named = holders.get(ladder.code) or _NOTHING
        codes = [*known, *([] if before is None else [tier.code for tier in before.tiers])]
        now = {code: _successor(code, known.get(code, code), was, ladder, named) for code in codes}
        if any(before is None or _differs(known.get(code, code), now[code], before, ladder) for code in now):
            moved.add(ladder.code)
        kept = {
            code: to
            for code, to in now.items()
            if code in known or code != to or before is None or _differs(code, to, before, ladder)
        }
        if kept:
            lineage[ladder.code] = kept
    lineage |= _gone(old, new)
    return Moved(lineage, frozenset(moved))


def _successor(code: str, present: str, before: Ladder | None, after: Ladder, named: Mapping[str, str]) -> str:
    """What `code`, which is `present` in the old rules, is in the new ones."""
    for known in (code, present):
        if after.tier(known) is not None:
            return known
    wanted = named.get(present)
    if wanted is not None and after.tier(wanted) is not None:
        return wanted
    return _nearest_below(present, before, after, named)


def _nearest_below(code: str, before: Ladder | None, after: Ladder, named: Mapping[str, str]) -> str:
    """The highest tier below `code`, in the order of `before`, that `after` has, be it under the name that is said;
    else the base.
    """
    held = None if before is None else before.tier(code)
    if before is not None and held is not None:
        for tier in reversed(before.tiers[: held.rank]):
            for known in (tier.code, named.get(tier.code)):
                if known is not None and after.tier(known) is not None:
                    return known
    return after.tiers[0].code


def _differs(present: str, now: str, before: Ladder, after: Ladder) -> bool:
    was, will = before.tier(present), after.tier(now)
    return present != now or was is None or will is None or was.rank != will.rank


def _gone(old: Programme, new: Programme) -> dict[str, Mapping[str, str]]:
    """Ladders that aren't there now: what their codes were, for the day when they are back."""
    gone: dict[str, Mapping[str, str]] = {}
    for ladder in old.ladders:
        if new.ladder(ladder.code) is None:
            own = {tier.code: tier.code for tier in ladder.tiers}
            gone[ladder.code] = {**own, **old.lineage.get(ladder.code, _NOTHING)}
    long_ago = {code for code in old.lineage if new.ladder(code) is None and old.ladder(code) is None}
    return gone | {code: old.lineage[code] for code in long_ago}


def backwards(old: Programme, earlier: Programme) -> Holders:
    """What becomes of holders of codes of `old` when `earlier`, a version that went before it, is put back: who was
    renamed goes back to the old name.
    """
    found: dict[str, dict[str, str]] = {}
    for ladder in earlier.ladders:
        known = old.lineage.get(ladder.code, _NOTHING)
        # the highest rank comes last and stays
        found[ladder.code] = {known[tier.code]: tier.code for tier in ladder.tiers if tier.code in known}
    return found

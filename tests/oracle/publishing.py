"""New rules, and old ones again: what becomes of everybody at that instant."""

from datetime import datetime

from oracle.conditions import Standing
from oracle.decisions import Decision
from oracle.facts import Json
from oracle.standings import Standings
from oracle.versions import CHANGE, Holders, Moves, Version, held_as, read, retargeted


def publish(chain: Standings, programme: Json, at: datetime, transition: str, holders: Holders) -> list[Decision]:
    """Codes that are no more go to their successors, and to who is there the transition may give another tier."""
    new = chain.versions.publish(programme, at, transition, holders)
    chain.moves = Moves(transition, at, set(chain.ladders))
    made: list[Decision] = []
    for member in chain.present():
        for ladder in chain.ladders:
            was = _came_over(chain, member, ladder, new)
            view = chain.view(member, ladder, at)
            moved = retargeted(view, upward=transition == "up_only") if chain.moves.at_once else None
            if moved is not None or was[1] not in new.codes(ladder):
                made.append(chain.write(view, CHANGE, moved or view.standing, "firing", was=was))
    return made


def roll_back(chain: Standings, number: int, at: datetime) -> list[Decision]:
    """Who was moved last by a later version's change gets back what the first of an unbroken row of them replaced."""
    new = chain.versions.roll_back(number, at)
    chain.moves = Moves()
    made: list[Decision] = []
    for member in chain.present():
        for ladder in chain.ladders:
            taken = _taken_since(chain, member, ladder, number)
            was = _came_over(chain, member, ladder, new)
            view = chain.view(member, ladder, at)
            given = view.standing if taken is None else _replaced(taken, new)
            if given != view.standing or was[1] not in new.codes(ladder):
                made.append(chain.write(view, CHANGE, given, "firing", was=was))
    return made


def _came_over(chain: Standings, member: str, ladder: str, new: Version) -> tuple[Standing, str]:
    """Makes the member's standing one of the new rules at once; what it was until now, and in which tier.

    Whoever is in the base tier is in the new one's, whatever its code.
    """
    old, standing = chain.versions.had(ladder, new.number - 1), chain.standing(member, ladder)
    if old is None or standing.position == 0:
        return standing, new.codes(ladder)[0]
    chain.stand(member, ladder, read(standing, ladder, old, new))
    return standing, old.codes(ladder)[standing.position]


def _taken_since(chain: Standings, member: str, ladder: str, number: int) -> Decision | None:
    """The first of an unbroken row of changes by later versions, which the member's last decision is part of."""
    first = None
    for one in reversed(chain.told(member, ladder)):
        if one.reason != CHANGE or one.version <= number:
            break
        first = one
    return first


def _replaced(taken: Decision, new: Version) -> Standing:
    if taken.before.position == 0:
        return taken.before
    return held_as(taken.before, new.codes(taken.ladder).index(new.means(taken.ladder, taken.from_tier)))

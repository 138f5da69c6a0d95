"""New rules, and old ones again: what becomes of everybody at that instant."""

from dataclasses import replace
from datetime import datetime

from oracle.conditions import Standing, View
from oracle.decisions import Decision
from oracle.facts import Json
from oracle.standings import Standings
from oracle.versions import CHANGE, Holders, Moves, Version, held_as, read, retargeted


def publish(chain: Standings, programme: Json, at: datetime, transition: str, holders: Holders) -> None:
    """New rules are in force; what they decide at once about a member comes when it is brought over."""
    chain.versions.publish(programme, at, transition, holders)
    chain.moves = Moves(transition, at, set(chain.ladders))
    _come_over(chain)


def roll_back(chain: Standings, number: int, at: datetime) -> None:
    """That version's rules are in force again."""
    chain.versions.roll_back(number, at)
    chain.moves = Moves()
    _come_over(chain)


def bring_over(chain: Standings, member: str, at: datetime) -> list[Decision]:
    """What the version in force, since `at`, decides about a member by itself. Codes that are no more go to their
    successors, and to who is there the transition may give another tier. A roll-back gives whoever was moved last by a
    later version's change what the first of an unbroken row of them replaced. Who was decided about since isn't moved.
    """
    made: list[Decision] = []
    for ladder in chain.ladders:
        was = chain.stored.pop((chain.who(member), ladder), None)
        view = chain.view(member, ladder, at)
        given = _given(chain, view, member)
        gone = was is not None and was[1] not in chain.versions.now.codes(ladder)
        if given is not None or gone:
            standing = given or view.standing
            same = (standing.position, standing.since) == (view.standing.position, view.standing.since)
            wrote = replace(chain.write(view, CHANGE, standing, "firing", was=was), carries=same)
            chain.decisions[-1] = wrote
            made.append(wrote)
    return made


def _given(chain: Standings, view: View, member: str) -> Standing | None:
    """None: the one held."""
    now = chain.versions.now
    if now.rolled_back_to is None:
        told = chain.told(member, view.ladder["code"])
        since = told and told[-1].effective_at > view.at
        return retargeted(view, upward=now.transition == "up_only") if chain.moves.at_once and not since else None
    taken = _taken_since(chain, member, view.ladder["code"], now.rolled_back_to)
    given = view.standing if taken is None else _replaced(chain, taken, now)
    return None if given == view.standing else given


def _come_over(chain: Standings) -> None:
    """Makes everybody's standing one of the new rules at once, and keeps what it was until now, and in which tier.

    Whoever is in the base tier is in the new one's, whatever its code.
    """
    new = chain.versions.now
    for member in chain.present():
        for ladder in chain.ladders:
            old, standing = chain.versions.had(ladder, new.number - 1), chain.standing(member, ladder)
            if old is not None and standing.position > 0:
                chain.stored.setdefault((member, ladder), (standing, old.codes(ladder)[standing.position]))
                chain.stand(member, ladder, read(standing, ladder, old, new))


def _taken_since(chain: Standings, member: str, ladder: str, number: int) -> Decision | None:
    """The first of an unbroken row of changes by later versions, which the member's last decision is part of."""
    first = None
    for one in reversed(chain.told(member, ladder)):
        if one.reason != CHANGE or one.version <= number:
            break
        first = one
    return first


def _replaced(chain: Standings, taken: Decision, new: Version) -> Standing:
    if taken.before.position == 0:
        return taken.before
    return held_as(
        chain.gone_on(taken.before, taken.ladder),
        new.codes(taken.ladder).index(new.means(taken.ladder, taken.from_tier)),
    )

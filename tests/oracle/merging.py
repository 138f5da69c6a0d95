"""Two records of one person: what the survivor has afterwards."""

from dataclasses import replace
from datetime import date

from oracle.conditions import Standing
from oracle.facts import Person


def unite(people: dict[str, Person], member: str, other: str) -> None:
    """The other's facts become the member's; the earlier day of joining; nobody brought himself."""
    one, two = people[member], people[other]
    one.joined_on = min(one.joined_on, two.joined_on)
    for name in ("purchases", "activities", "top_ups", "points"):
        getattr(one, name).extend(getattr(two, name))
        getattr(two, name).clear()
    for name, day in two.brought.items():
        one.brought.setdefault(name, day)
    two.brought.clear()
    for name in (member, other):
        one.brought.pop(name, None)
    for person in people.values():
        if person.referrer == other:
            person.referrer = member
    if one.referrer in (None, member, other):
        one.referrer = None if two.referrer in (member, other) else two.referrer
    two.merged_into = member


def higher(one: Standing, two: Standing, today: date) -> Standing:
    """The higher of both by rank, the first where they are equal; of two locks there the later, and no lock outlasts
    its validity.
    """
    if one.position != two.position:
        return max(one, two, key=lambda standing: standing.position)
    theirs = two.locked_until
    if theirs is None or theirs < today or (one.locked_until is not None and one.locked_until >= theirs):
        return one
    until = None if one.valid_until is None else max(one.valid_until, theirs)
    return replace(one, locked_until=theirs, may_rise=two.may_rise, valid_until=until, by_hand=True)

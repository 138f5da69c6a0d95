"""Two records of one person: what the survivor has afterwards."""

from dataclasses import replace

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


def higher(one: Standing, two: Standing) -> Standing:
    """The higher of both by rank, the first where they are equal; of two locks there the later."""
    if one.position != two.position:
        return max(one, two, key=lambda standing: standing.position)
    locks = [standing for standing in (one, two) if standing.locked_until is not None]
    if not locks:
        return one
    latest = max(locks, key=lambda standing: standing.locked_until or one.locked_until)  # type: ignore[arg-type,return-value]
    return replace(one, locked_until=latest.locked_until, may_rise=latest.may_rise)

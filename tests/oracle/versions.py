"""The versions of a programme: which rules were in force, and what a tier's code of one means in another."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from oracle.conditions import Standing, View, by_rank, qualifies
from oracle.facts import Json
from oracle.steps import Mode, Outcome, act, entered

Holders = dict[str, dict[str, str] | None]
"""By ladder: what holders of a code that the new version doesn't have hold from then on. None: the ladder ends."""


CHANGE = "programme_change"
TRANSITIONS = ("now", "up_only", "next_schedule", "next_purchase", "grandfather")
AT_ONCE = ("now", "up_only")


@dataclass
class Moves:
    """What the transition of the rules in force has still to do: a later version's rules leave nothing of it."""

    transition: str | None = None
    since: datetime | None = None
    waiting: set[str] = field(default_factory=set)  # ladders whose schedule hasn't fired since
    fired: dict[str, datetime] = field(default_factory=dict)  # at which schedule it was done
    bought: dict[str, set[str]] = field(default_factory=dict)  # by member, what it has bought under these rules

    @property
    def at_once(self) -> bool:
        return self.transition in AT_ONCE

    def due_at_schedule(self, ladders: Iterable[str], at: datetime) -> list[str]:
        """Of the ladders whose schedule fires, those for which it is the first time under these rules."""
        if self.transition != "next_schedule" or self.since is None or at < self.since:
            return []
        due = [ladder for ladder in ladders if ladder in self.waiting]
        self.waiting -= set(due)
        self.fired |= dict.fromkeys(due, at)
        return due

    def joined(self, member: str) -> None:
        """Whoever comes after new rules isn't moved by them."""
        self.bought.setdefault(member, set()).add("joined")

    def due_at_purchase(self, member: str, external_id: str) -> bool:
        """Whether this purchase is the member's first under these rules."""
        first = not self.bought.get(member)
        self.bought.setdefault(member, set()).add(external_id)
        return first and self.transition == "next_purchase"

    def undone(self, member: str, external_id: str) -> None:
        self.bought.get(member, set()).discard(external_id)


@dataclass(frozen=True)
class Version:
    """Rules that are in force from `at` on (None: from the beginning).

    `transition`: when members get the tier that these rules find for them; None: the rules have none of their own.
    `lineage`: by ladder, what each code that the ladder ever had means here.
    """

    number: int
    ladders: dict[str, Json]
    at: datetime | None = None
    transition: str | None = None
    rolled_back_to: int | None = None
    lineage: dict[str, dict[str, str]] = field(default_factory=dict)

    def codes(self, ladder: str) -> list[str]:
        """The ladder's tiers, lowest rank first."""
        return [str(tier["code"]) for tier in by_rank(self.ladders[ladder])]

    def means(self, ladder: str, code: str) -> str:
        """The code here of a code of any version up to this one: itself where there is one like it."""
        return code if code in self.codes(ladder) else self.lineage[ladder][code]


def first_version(programme: Json) -> Version:
    return Version(1, ladders_of(programme))


def ladders_of(programme: Json) -> dict[str, Json]:
    return {ladder["code"]: ladder for ladder in programme["ladders"]}


class Versions:
    """All that ever were in force, the first one first."""

    def __init__(self, programme: Json) -> None:
        self._all = [first_version(programme)]

    @property
    def now(self) -> Version:
        return self._all[-1]

    def number(self, number: int) -> Version:
        return self._all[number - 1]

    def since_the_first(self) -> list[Version]:
        return self._all[1:]

    def had(self, ladder: str, up_to: int) -> Version | None:
        """The last version up to that number that had this ladder."""
        found = [one for one in self._all[:up_to] if ladder in one.ladders]
        return found[-1] if found else None

    def publish(self, programme: Json, at: datetime, transition: str, holders: Holders) -> Version:
        made = Version(self.now.number + 1, ladders_of(programme), at, transition)
        return self._add(made, {ladder: named or {} for ladder, named in holders.items()})

    def roll_back(self, number: int, at: datetime) -> Version:
        """Whatever a code had become is that code again, the highest of those that became the same."""
        made = Version(self.now.number + 1, self.number(number).ladders, at, rolled_back_to=number)
        back = {ladder: {self._led_to(ladder, code): code for code in made.codes(ladder)} for ladder in made.ladders}
        return self._add(made, back)

    def _led_to(self, ladder: str, code: str) -> str:
        return self.now.lineage.get(ladder, {}).get(code, code)

    def _add(self, made: Version, successors: dict[str, dict[str, str]]) -> Version:
        """Composes what every code that its ladders ever had means in `made`."""
        for ladder in made.ladders:
            before = self.had(ladder, self.now.number)
            if before is not None:
                known = before.lineage.get(ladder, {}) | {code: code for code in before.codes(ladder)}
                become = _become(before.codes(ladder), made.codes(ladder), successors.get(ladder, {}))
                made.lineage[ladder] = {
                    code: code if code in made.codes(ladder) else become[held] for code, held in known.items()
                }
        self._all.append(made)
        return made


def _become(old: list[str], new: list[str], successors: dict[str, str]) -> dict[str, str]:
    """What each code is now: itself, what is said of it, else what the next lower one is."""
    found = {old[0]: old[0] if old[0] in new else successors.get(old[0], new[0])}
    for lower, code in pairwise(old):
        found[code] = code if code in new else successors.get(code, found[lower])
    return found


def read(standing: Standing, ladder: str, written: Version, here: Version) -> Standing:
    """A standing that was written under one version as that one or a later one reads it; the base stays the base."""
    if standing.position == 0:
        return standing
    code = written.codes(ladder)[standing.position]
    return held_as(standing, here.codes(ladder).index(here.means(ladder, code)))


def held_as(standing: Standing, position: int) -> Standing:
    """A standing above the base in another tier: since, validity and lock stay; the base tier has but the lock."""
    if position > 0:
        return replace(standing, position=position)
    return Standing(last_fall=standing.last_fall, locked_until=standing.locked_until, may_rise=standing.may_rise)


def retargeted(view: View, *, upward: bool = False) -> Standing | None:
    """The tier that the rules find, up or down, with a validity that starts today; None: it is the one held, or a lock
    is in the way.
    """
    standing = view.standing
    target = max(position for position in range(len(view.tiers)) if qualifies(position, view))
    locked = standing.locked(view.today)
    if target > standing.position:
        return entered(target, view) if standing.may_rise or not locked else None
    if target < standing.position and not upward and not locked:
        return entered(target, view)
    return None


def moved_or_acted(view: View, mode: Mode) -> Outcome | None:
    """What an evaluation gives at which a transition comes about: who isn't moved by it is evaluated as ever, at a
    purchase where purchases evaluate.
    """
    moved = retargeted(view)
    if moved is not None:
        return Outcome(CHANGE, moved)
    return act(view, mode) if mode == "firing" or view.policy["upgrade"] == "immediate" else None

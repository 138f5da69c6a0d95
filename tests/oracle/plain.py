"""The tier rules once more, in plain loops: what the compiled SQL is compared with.

Written from the domain's definitions alone. It keeps every purchase in a list and, for each number,
walks the list. Programmes are plain dicts in the JSON shape of the API. Out of its reach: manual
decisions, refunds, `late_days`, `refund_recheck`, categories.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from oracle.conditions import (
    Facts,
    Json,
    Member,
    Purchase,
    Standing,
    View,
    by_rank,
    facts_of,
    qualifies,
    retains,
)
from oracle.local_days import ONE_DAY, add_months, next_schedule_day


@dataclass(frozen=True)
class Decision:
    """One written change or renewal. Tiers are codes.

    `facts` maps each leaf of the ladder to its value at this evaluation (None: no value, so not met);
    a leaf is named by its place: `silver/qualify`, `gold/retain/any/0`, `gold/qualify/all/1/not`.
    """

    ladder: str
    member: str
    effective_at: datetime
    from_tier: str
    to_tier: str
    reason: str
    valid_until: date | None
    facts: Facts
    day: date


class Chain:
    """One chain with one programme version and its members, from the first fact on."""

    def __init__(self, programme: Json, timezone: str) -> None:
        self.programme = programme
        self.zone = ZoneInfo(timezone)
        self.members: dict[str, Member] = {}
        self.decisions: list[Decision] = []

    def add_member(self, member: str, joined_on: date) -> None:
        """Joining decides nothing: the member is in the base tier of each ladder."""
        standings = {ladder["code"]: Standing() for ladder in self.programme["ladders"]}
        self.members[member] = Member(joined_on, standings=standings)

    def record_purchase(self, member: str, occurred_at: datetime, amount: int, recorded_at: datetime) -> list[Decision]:
        """Takes the fact and evaluates its member where upgrades are immediate; returns what was decided."""
        self.members[member].purchases.append(Purchase(occurred_at, amount, recorded_at))
        immediate = [one for one in self.programme["ladders"] if one["policy"]["upgrade"] == "immediate"]
        return self._decide([member], immediate, recorded_at, scheduled=False)

    def recalculate(self, as_of: datetime, ladders: list[str] | None = None) -> list[Decision]:
        """Evaluates every member as the schedule firing at `as_of` would, on these ladders (None: all)."""
        chosen = [one for one in self.programme["ladders"] if ladders is None or one["code"] in ladders]
        return self._decide(list(self.members), chosen, as_of, scheduled=True)

    def tier(self, member: str, ladder: str) -> str:
        """The code of the member's tier."""
        tiers = by_rank(self._ladder(ladder))
        return str(tiers[self.standing(member, ladder).position]["code"])

    def standing(self, member: str, ladder: str) -> Standing:
        return self.members[member].standings[ladder]

    def view(self, member: str, ladder: str, at: datetime) -> View:
        """The member as an evaluation at `at` sees it; for `holds`, `qualifies`, `retains`, `facts_of`."""
        return View(self.members[member], self._ladder(ladder), self.standing(member, ladder), at, self.zone)

    def _ladder(self, code: str) -> Json:
        found: Json = next(one for one in self.programme["ladders"] if one["code"] == code)
        return found

    def _decide(self, members: list[str], ladders: list[Json], at: datetime, *, scheduled: bool) -> list[Decision]:
        made = [
            decision
            for member in members
            for ladder in ladders
            if (decision := self._evaluate(member, ladder["code"], at, scheduled=scheduled))
        ]
        self.decisions.extend(made)
        return made

    def _evaluate(self, member: str, ladder: str, at: datetime, *, scheduled: bool) -> Decision | None:
        view = self.view(member, ladder, at)
        standing = view.standing
        if standing.decided_at is not None and (
            standing.decided_at > at or (scheduled and standing.decided_at == at)  # fired twice, writes once
        ):
            return None
        facts = facts_of(view)
        before = view.tiers[standing.position]["code"]
        reason = act(view, scheduled=scheduled)
        if reason is None:
            return None
        standing.decided_at = at
        after = view.tiers[standing.position]["code"]
        return Decision(ladder, member, at, before, after, reason, standing.valid_until, facts, view.day)


def act(view: View, *, scheduled: bool) -> str | None:  # noqa: PLR0911 - the steps as they are listed
    """Steps 1 to 4: changes the standing and returns the reason of the decision to write, if any."""
    standing = view.standing
    target = max(position for position in range(len(view.tiers)) if qualifies(position, view))
    # Facts are evaluated on immediate ladders only, so wherever we get to, upgrades are due.
    if target > standing.position:
        enter(target, view)
        return "upgrade"
    if standing.valid_until is None:
        return None
    if view.policy["validity"]["type"] == "until_next_schedule" and not scheduled:
        return None  # it ends when the schedule decides, not at a purchase that came first
    last_day_of_grace = standing.valid_until + timedelta(days=view.policy["grace_days"])
    if last_day_of_grace < view.today:
        if retains(standing.position, view):
            return renew(view)
        enter(landing(view), view)
        standing.last_fall = view.today
        return "downgrade"
    in_grace = standing.valid_until < view.today
    if in_grace and not scheduled and retains(standing.position, view):
        return renew(view)
    return None


def landing(view: View) -> int:
    """Where a fall ends: the highest position allowed that holds, else the lowest allowed."""
    current = view.standing.position
    max_drop = view.policy["max_drop"]
    lowest = 0 if max_drop is None else max(0, current - max_drop)
    for position in range(current - 1, lowest - 1, -1):
        if retains(position, view):
            return position
    return lowest


def enter(position: int, view: View) -> None:
    """Begins a tier today, with a normal validity; the base tier has none."""
    standing = view.standing
    standing.position = position
    standing.since = None if position == 0 else view.today  # base: joined_on, whatever came before
    standing.validity_start = None if position == 0 else view.today
    standing.valid_until = None if position == 0 else end_of_new_validity(view)


def end_of_new_validity(view: View) -> date | None:
    """The last day of a validity that begins today."""
    validity = view.policy["validity"]
    match validity["type"]:
        case "forever":
            return None
        case "months":
            return add_months(view.today, validity["months"]) - ONE_DAY
        case "calendar_year_end":
            return date(view.today.year + 1, 12, 31)
        case "until_next_schedule":
            return next_schedule_day(view.policy["schedule"], view.today) - ONE_DAY
        case other:
            raise ValueError(f"unknown validity {other}")


def renew(view: View) -> str | None:
    """Prolongs the validity until it reaches today; None where renewals are not written."""
    standing = view.standing
    validity = view.policy["validity"]
    if validity["type"] == "until_next_schedule":
        standing.validity_start = view.today
        standing.valid_until = end_of_new_validity(view)
        return None
    months = validity["months"] if validity["type"] == "months" else 12
    old, periods = standing.valid_until, 0
    while old is not None and standing.valid_until is not None and standing.valid_until < view.today:
        standing.validity_start = standing.valid_until + ONE_DAY
        periods += 1
        standing.valid_until = add_months(old, months * periods)  # counted from the old day: no drift
    return "renew"

"""The tier rules once more, in plain loops: what the compiled SQL is compared with.

Written from the domain's definitions alone. It keeps every fact in a list and, for each number, walks the
list. Programmes are plain dicts in the JSON shape of the API. Out of its reach: publishing, leaving, erasing.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle import by_hand, merging
from oracle.conditions import Standing, View, by_rank, facts_of, retains
from oracle.decisions import Decision
from oracle.facts import Activity, Json, Line, Person, Purchase
from oracle.local_days import ONE_DAY, begins, last_firing, local_day, next_firing
from oracle.steps import Mode, Outcome, act, validity_is_over

NOTICE_DAYS = 30
NOT_RECHECKED = ("manual", "import", "merge", "refund", "programme_change")
Parts = Sequence[tuple[str | None, int]]


class Chain:
    """One chain with one programme version and its members, from the first fact on."""

    def __init__(self, programme: Json, timezone: str) -> None:
        self.ladders: dict[str, Json] = {ladder["code"]: ladder for ladder in programme["ladders"]}
        self.zone = ZoneInfo(timezone)
        self.people: dict[str, Person] = {}
        self.standings: dict[tuple[str, str], Standing] = {}  # member, ladder
        self.decisions: list[Decision] = []
        self.marks: dict[tuple[str, str], datetime] = {}  # put in question by a refund, until then
        self.notices: list[tuple[str, str, date]] = []  # member, ladder, valid_until

    # What is heard

    def add_member(self, member: str, joined_on: date, referrer: str | None = None) -> None:
        """Joining decides nothing: the member is in the base tier of each ladder."""
        self.people[member] = Person(joined_on, referrer)

    def record_purchase(
        self,
        member: str,
        occurred_at: datetime,
        amount: int,
        recorded_at: datetime,
        *,
        parts: Parts = (),
        branch: str = "main",
        external_id: str = "",
    ) -> list[Decision]:
        """Takes the fact and evaluates its member; returns what was decided. `parts`: category and amount each."""
        member = self.who(member)
        lines = [Line(*part) for part in parts] or [Line(None, amount)]
        bought = Purchase(occurred_at, recorded_at, lines, branch, external_id)
        self.people[member].purchases.append(bought)
        return self._after_fact(member, local_day(occurred_at, self.zone), recorded_at)

    def record_activity(
        self, member: str, occurred_at: datetime, kind: str, recorded_at: datetime, value: Fraction | None = None
    ) -> list[Decision]:
        member = self.who(member)
        self.people[member].activities.append(Activity(occurred_at, recorded_at, kind, value))
        return self._after_fact(member, local_day(occurred_at, self.zone), recorded_at)

    def refund(
        self, external_id: str, recorded_at: datetime, amount: int = 0, lines: Sequence[tuple[int, int]] = ()
    ) -> None:
        """Gives back `amount`, or these amounts of these lines. Decides nothing: it puts tiers in question."""
        member = self.owner_of(external_id)
        bought = next(one for one in self.people[member].purchases if one.external_id == external_id)
        if not lines:
            bought.give_back(amount)
        for index, part in lines:
            bought.lines[index].refunded += part
        for code, ladder in self.ladders.items():
            if self.standing(member, code).position > 0:
                self.marks.setdefault((member, code), self._due(ladder["policy"], recorded_at))

    def add_top_up(self, member: str, day: date, amount: int) -> None:
        self.people[self.who(member)].top_ups.append((day, amount))

    def add_points(self, member: str, day: date, points: int) -> None:
        self.people[self.who(member)].points.append((day, points))

    def change_joined_on(self, member: str, day: date) -> None:
        self.people[self.who(member)].joined_on = day

    def count_referrals(self, brought: Sequence[str], at: datetime) -> list[Decision]:
        """Counts these members for their referrers, each on the day of its first standing purchase. Who gains by it is
        evaluated, whoever loses is not: like a refund.
        """
        gained: list[str] = []
        for name in brought:
            person = self.people[name]
            referrer = None if person.merged_into else person.referrer
            day = person.first_standing(self.zone)
            for other, counting in self.people.items():
                if other != referrer or day is None:
                    counting.brought.pop(name, None)
            if referrer is not None and day is not None and self.people[referrer].brought.get(name) != day:
                self.people[referrer].brought[name] = day
                gained.append(referrer)
        return self._evaluate_all(list(dict.fromkeys(gained)), self._immediate(), at, "fact")

    # What staff do

    def set_tier(
        self, member: str, ladder: str, tier: str, at: datetime, locked_until: date | None = None
    ) -> list[Decision]:
        view = self.view(member, ladder, at)
        return [self._write(view, "manual", by_hand.given(view, tier, locked_until), "firing")]

    def unlock(self, member: str, ladder: str, at: datetime) -> list[Decision]:
        """The lock ends, and with it the validity and its grace; the member is evaluated at once."""
        self._stand(member, ladder, by_hand.released(self.view(member, ladder, at)))
        return self._evaluate_all([self.who(member)], [ladder], at, "firing")

    def opening(self, member: str, ladder: str, tier: str, at: datetime, since: date | None = None) -> list[Decision]:
        """A tier brought along from an older system, with the validity that it would have had here."""
        view = self.view(member, ladder, at)
        return [self._write(view, "import", by_hand.brought_along(view, tier, since or view.today), "firing")]

    def merge(self, member: str, other: str, at: datetime) -> list[Decision]:
        """Two records of one person become the first: the higher standings, then evaluated, upward only."""
        member, other = self.who(member), self.who(other)
        theirs = {code: self.standing(other, code) for code in self.ladders}
        merging.unite(self.people, member, other)
        made: list[Decision] = []
        for code in self.ladders:
            marks = [self.marks.pop((name, code)) for name in (member, other) if (name, code) in self.marks]
            if marks:
                self.marks[member, code] = min(marks)
            view = self.view(member, code, at)
            standing = merging.higher(view.standing, theirs[code], view.today)
            if standing.position != view.standing.position:
                made.append(self._write(view, "merge", standing, "upward"))
            self._stand(member, code, standing)
        return [*made, *self._evaluate_all([member], list(self.ladders), at, "upward")]

    # What time does

    def recalculate(self, as_of: datetime, ladders: Sequence[str] | None = None) -> list[Decision]:
        """Evaluates every member as the schedule firing at `as_of` would, on these ladders (None: all)."""
        made: list[Decision] = []
        for member in self.present():
            for ladder in self.ladders if ladders is None else ladders:
                due = self.marks.get((member, ladder))
                if due is not None and due <= as_of:
                    made += self._recheck(member, ladder, as_of, firing=True)
                made += self._evaluate_all([member], [ladder], as_of, "firing")
        return made

    def night(self, midnight: datetime) -> list[Decision]:
        """What every midnight does, after the schedules that fire at it: rechecks that are due, and notices."""
        due = [(member, ladder) for (member, ladder), at in self.marks.items() if at <= midnight]
        made = [
            one
            for member, ladder in due
            if self.ladders[ladder]["policy"]["refund_recheck"] == "end_of_day"
            for one in self._recheck(member, ladder, midnight, firing=False)
        ]
        for member in self.present():
            for ladder in self.ladders:
                self._notice(self.view(member, ladder, midnight), member, ladder)
        return made

    # What can be asked

    def who(self, member: str) -> str:
        """The member that this name leads to now."""
        merged_into = self.people[member].merged_into
        return member if merged_into is None else self.who(merged_into)

    def owner_of(self, external_id: str) -> str:
        """Whose purchase it is."""
        return next(
            name
            for name, person in self.people.items()
            if any(bought.external_id == external_id for bought in person.purchases)
        )

    def present(self) -> list[str]:
        return [name for name, person in self.people.items() if person.merged_into is None]

    def tier(self, member: str, ladder: str) -> str:
        """The code of the member's tier."""
        return str(by_rank(self.ladders[ladder])[self.standing(member, ladder).position]["code"])

    def standing(self, member: str, ladder: str) -> Standing:
        return self.standings.get((self.who(member), ladder), Standing())

    def view(self, member: str, ladder: str, at: datetime, standing: Standing | None = None) -> View:
        """The member as an evaluation at `at` sees it; for `holds`, `qualifies`, `retains`, `facts_of`."""
        held = self.standing(member, ladder) if standing is None else standing
        return View(self.people[self.who(member)], self.ladders[ladder], held, at, self.zone)

    # How it is decided

    def _after_fact(self, member: str, day: date, at: datetime) -> list[Decision]:
        late = [one for ladder in self.ladders for one in self._late(member, ladder, day, at)]
        return [*late, *self._evaluate_all([member], self._immediate(), at, "fact")]

    def _immediate(self) -> list[str]:
        return [code for code, ladder in self.ladders.items() if ladder["policy"]["upgrade"] == "immediate"]

    def _evaluate_all(
        self, members: Sequence[str], ladders: Sequence[str], at: datetime, mode: Mode
    ) -> list[Decision]:  # fmt: skip
        made: list[Decision] = []
        for member in members:
            for ladder in ladders:
                last = self._told(member, ladder)[-1:]
                # Never before what was decided later; and what fires twice writes once.
                if last and (last[0].effective_at > at or (mode == "firing" and last[0].effective_at == at)):
                    continue
                view = self.view(member, ladder, at)
                made += self._carry_out(view, member, ladder, act(view, mode), mode)
        return made

    def _carry_out(
        self, view: View, member: str, ladder: str, outcome: Outcome | None, mode: Mode
    ) -> list[Decision]:  # fmt: skip
        if outcome is None:
            return []
        if outcome.written:
            return [self._write(view, outcome.reason, outcome.standing, mode)]
        self._stand(member, ladder, outcome.standing)
        return []

    def _late(self, member: str, ladder: str, day: date, at: datetime) -> list[Decision]:
        """Repeats the last schedule's decision for a fact that belongs before it, upward only."""
        policy = self.ladders[ladder]["policy"]
        fired = last_firing(policy["schedule"], at, self.zone)
        now = self.view(member, ladder, at)
        then = self.view(member, ladder, fired, self._before(member, ladder, fired))
        if day > then.day or now.today > then.today + timedelta(days=policy["late_days"]):
            return []
        if now.standing.locked(now.today) and not now.standing.may_rise:
            return []
        outcome = act(then, "firing")
        if outcome is None or outcome.standing.position <= now.standing.position:
            return []
        return [self._write(then, "late", outcome.standing, "firing")]

    def _recheck(self, member: str, ladder: str, at: datetime, *, firing: bool) -> list[Decision]:
        """Recomputes the last decision as of its own instant, net of refunds since."""
        del self.marks[member, ladder]
        if firing and validity_is_over(self.view(member, ladder, at)):
            return []  # this very schedule decides anew
        told = self._told(member, ladder)
        if not told or told[-1].reason in NOT_RECHECKED:
            return []
        last = told[-1]
        began = told[-2].standing if len(told) > 1 else Standing()
        start = began
        if last.reason == "late":
            start = self._before(member, ladder, last.effective_at)
        view = self.view(member, ladder, last.effective_at, start)
        outcome = act(view, last.mode)
        given = began if outcome is None else outcome.standing
        if last.reason == "late" and given.position <= began.position:
            given = began
        if given.position >= last.standing.position:
            return []
        return [self._write(view, "refund", given, "firing", at)]

    def _before(self, member: str, ladder: str, at: datetime) -> Standing:
        """The standing as of just before this instant."""
        told = [one for one in self._told(member, ladder) if one.effective_at < at]
        return told[-1].standing if told else Standing()

    def _told(self, member: str, ladder: str) -> list[Decision]:
        return [one for one in self.decisions if (one.member, one.ladder) == (self.who(member), ladder)]

    def _stand(self, member: str, ladder: str, standing: Standing) -> None:
        self.standings[self.who(member), ladder] = standing

    def _due(self, policy: Json, at: datetime) -> datetime:
        """When a refund of now is looked at."""
        if policy["refund_recheck"] == "end_of_day":
            return begins(local_day(at, self.zone) + ONE_DAY, self.zone)
        return next_firing(policy["schedule"], at, self.zone)

    def _notice(self, view: View, member: str, ladder: str) -> None:
        """Once a validity, from 30 days ahead on, where nothing keeps the tier as it looks now."""
        standing = view.standing
        end = standing.valid_until
        if standing.position == 0 or end is None or view.policy["validity"]["type"] == "until_next_schedule":
            return
        told = (member, ladder, end)
        near = view.today <= end <= view.today + timedelta(days=NOTICE_DAYS)
        if near and told not in self.notices and not retains(standing.position, view):
            self.notices.append(told)

    def _write(
        self, view: View, reason: str, standing: Standing, mode: Mode, effective_at: datetime | None = None
    ) -> Decision:
        member = next(name for name, person in self.people.items() if person is view.person)
        ladder = view.ladder["code"]
        tiers = [str(tier["code"]) for tier in view.tiers]
        before = self.standing(member, ladder)
        made = Decision(
            ladder=ladder,
            member=member,
            effective_at=effective_at or view.at,
            from_tier=tiers[before.position],
            to_tier=tiers[standing.position],
            reason=reason,
            standing=standing,
            facts=facts_of(view),
            day=view.day,
            mode=mode,
        )
        self._stand(member, ladder, standing)
        self.decisions.append(made)
        return made

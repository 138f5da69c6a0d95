"""The tier rules once more, in plain loops: what the compiled SQL is compared with.

Written from the domain's definitions alone. It keeps every fact in a list and, for each number, walks the
list. Programmes are plain dicts in the JSON shape of the API. Out of its reach: leaving, erasing.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from oracle import by_hand, merging, publishing, undoing
from oracle.conditions import View, retains
from oracle.decisions import Decision
from oracle.facts import Activity, Json, Line, Person, Purchase
from oracle.local_days import ONE_DAY, begins, last_firing, local_day, next_firing
from oracle.standings import Standings
from oracle.steps import Mode, Outcome, act, validity_is_over
from oracle.versions import CHANGE, Holders, moved_or_acted, read

NOTICE_DAYS = 30
NOT_RECHECKED = ("manual", "import", "merge", "refund")
Parts = Sequence[tuple[str | None, int]]


class Chain(Standings):
    """One chain with its programme's versions and its members, from the first fact on."""

    def __init__(self, programme: Json, timezone: str) -> None:
        super().__init__(programme, timezone)
        self.marks: dict[tuple[str, str], datetime] = {}  # put in question by a refund, until then
        self.notices: list[tuple[str, str, date]] = []  # member, ladder, valid_until
        self.waiting: Json = {}  # rules that were asked for ahead

    # What is heard

    def add_member(self, member: str, joined_on: date, referrer: str | None = None) -> None:
        """Joining decides nothing: the member is in the base tier of each ladder."""
        self.people[member] = Person(joined_on, referrer)
        self.moves.joined(member)

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
        bought = Purchase(occurred_at, recorded_at, lines, branch, external_id, member)
        self.people[member].purchases.append(bought)
        self.cause = external_id
        made = self._after_fact(member, local_day(occurred_at, self.zone), recorded_at, bought=external_id)
        self.cause = ""
        return made

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

    def undo(self, external_id: str, at: datetime) -> list[Decision]:
        """The purchase never was: where nothing else was decided since, what it replaced stands again. Its member's
        tiers are in question.
        """
        member = self.owner_of(external_id)
        person = self.people[member]
        person.purchases = [one for one in person.purchases if one.external_id != external_id]
        self.moves.undone(member, external_id)
        self.cause = external_id
        made = [one for ladder in self.ladders for one in undoing.undo(self, member, ladder, external_id, at)]
        self.cause = ""
        for code, ladder in self.ladders.items():
            if self.standing(member, code).position > 0:
                self.marks.setdefault((member, code), self._due(ladder["policy"], at))
        return made

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
        return [self.write(view, "manual", by_hand.given(view, tier, locked_until), "firing")]

    def unlock(self, member: str, ladder: str, at: datetime) -> list[Decision]:
        """The lock ends, and with it the validity and its grace; the member is evaluated at once."""
        self.stand(member, ladder, by_hand.released(self.view(member, ladder, at)))
        return self._evaluate_all([self.who(member)], [ladder], at, "firing")

    def opening(self, member: str, ladder: str, tier: str, at: datetime, since: date | None = None) -> list[Decision]:
        """A tier brought along from an older system, with the validity that it would have had here."""
        view = self.view(member, ladder, at)
        return [self.write(view, "import", by_hand.brought_along(view, tier, since or view.today), "firing")]

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
                made.append(self.write(view, "merge", standing, "upward"))
            self.stand(member, code, standing)
        return [*made, *self._evaluate_all([member], list(self.ladders), at, "upward")]

    # What owners do

    def publish(
        self, programme: Json, at: datetime, transition: str = "next_purchase", holders: Holders | None = None
    ) -> list[Decision]:
        """New rules from now on. Returns what that decides at once: tiers that are no more, and by its transition."""
        publishing.publish(self, programme, at, transition, holders or {})
        return [one for member in self.present() for one in publishing.bring_over(self, member, at)]

    def roll_back(self, number: int, at: datetime) -> list[Decision]:
        """The rules of that version again. What the versions since then had moved goes back to where it was."""
        publishing.roll_back(self, number, at)
        return [one for member in self.present() for one in publishing.bring_over(self, member, at)]

    # What time does

    def recalculate(
        self, as_of: datetime, ladders: Sequence[str] | None = None, *, scheduled: bool = False
    ) -> list[Decision]:
        """Evaluates every member as the schedule firing at `as_of` would, on these ladders (None: all). `scheduled`: it
        is that firing, not somebody's wish.
        """
        made: list[Decision] = []
        evaluated = [code for code in self.ladders if ladders is None or code in ladders]
        moving = self.moves.due_at_schedule(evaluated, as_of) if scheduled else []
        for member in self.present():
            for ladder in evaluated:
                due = self.marks.get((member, ladder))
                if due is not None and due <= as_of:
                    made += self._recheck(member, ladder, as_of, firing=True, anew=ladder in moving)
                made += self._evaluate_all([member], [ladder], as_of, "firing", moving=ladder in moving)
        for ladder in evaluated:
            self.ran(ladder, as_of)
        return made

    def night(self, midnight: datetime) -> list[Decision]:
        """What every midnight does, after the schedules that fire at it: rechecks that are due, and notices."""
        due = [(member, ladder) for (member, ladder), at in self.marks.items() if at <= midnight]
        made = [
            one
            for member, ladder in due
            if ladder in self.ladders and self.ladders[ladder]["policy"]["refund_recheck"] == "end_of_day"
            for one in self._recheck(member, ladder, midnight, firing=False)
        ]
        for member in self.present():
            for ladder in self.ladders:
                self._notice(self.view(member, ladder, midnight), member, ladder)
        return made

    # How it is decided

    def _after_fact(self, member: str, day: date, at: datetime, *, bought: str | None = None) -> list[Decision]:
        made = [one for ladder in self.ladders for one in self._late(member, ladder, day, at)]
        moving = bought is not None and self.moves.due_at_purchase(member, bought)
        for ladder, rules in self.ladders.items():
            if moving or rules["policy"]["upgrade"] == "immediate":
                made += self._evaluate_all([member], [ladder], at, "fact", moving=moving)
        return made

    def _immediate(self) -> list[str]:
        return [code for code, ladder in self.ladders.items() if ladder["policy"]["upgrade"] == "immediate"]

    def _evaluate_all(
        self, members: Sequence[str], ladders: Sequence[str], at: datetime, mode: Mode, *, moving: bool = False
    ) -> list[Decision]:
        """`moving`: the rules' transition has come to these members; who isn't moved by it is evaluated as ever."""
        made: list[Decision] = []
        for member in members:
            for ladder in ladders:
                last = self.told(member, ladder)[-1:]
                # Never before what was decided later; and what fires twice writes once.
                if last and (last[0].effective_at > at or (mode == "firing" and last[0].effective_at == at)):
                    continue
                view = self.view(member, ladder, at)
                outcome = moved_or_acted(view, mode) if moving else act(view, mode)
                made += self._carry_out(view, member, ladder, outcome, mode)
        return made

    def _carry_out(
        self, view: View, member: str, ladder: str, outcome: Outcome | None, mode: Mode
    ) -> list[Decision]:  # fmt: skip
        if outcome is None:
            return []
        if outcome.written:
            return [self.write(view, outcome.reason, outcome.standing, mode)]
        self.stand(member, ladder, outcome.standing)
        return []

    def _late(self, member: str, ladder: str, day: date, at: datetime) -> list[Decision]:
        """Repeats the last schedule's decision for a fact that belongs before it, upward only."""
        policy = self.ladders[ladder]["policy"]
        fired = last_firing(policy["schedule"], at, self.zone)
        now = self.view(member, ladder, at)
        then = self.view(member, ladder, fired, self.before(member, ladder, fired))
        if day > then.day or now.today > then.today + timedelta(days=policy["late_days"]):
            return []
        if now.standing.locked(now.today) and not now.standing.may_rise:
            return []
        outcome = act(then, "firing")
        if self.moves.fired.get(ladder) == fired:  # it lowered, too: then to stay is something
            outcome = moved_or_acted(then, "firing") or Outcome("renew", then.standing)
        if outcome is None or outcome.standing.position <= now.standing.position:
            return []
        made = self.write(then, "late", outcome.standing, "firing")
        self.stand(member, ladder, self.gone_on(outcome.standing, ladder))  # as if it had been held since then
        return [made]

    def _recheck(
        self, member: str, ladder: str, at: datetime, *, firing: bool, anew: bool = False
    ) -> list[Decision]:  # fmt: skip
        """Recomputes the last decision as of its own instant and by its own rules, net of refunds since."""
        del self.marks[member, ladder]
        if anew or (firing and validity_is_over(self.view(member, ladder, at))):
            return []  # this very schedule decides anew
        told = undoing.standing(self.told(member, ladder))
        if not told or not _given_by_rules(told[-1]):
            return []
        last = told[-1]
        rules = self.versions.number(last.rules)
        began = self.left_by(told[:-1], rules)
        start = self.left_by(told[:-1], rules, last.effective_at)
        if last.reason == "late":
            start = self.before(member, ladder, last.effective_at, rules)
        view = self.view(member, ladder, last.effective_at, start, rules)
        outcome = moved_or_acted(view, last.mode) if last.reason == CHANGE else act(view, last.mode)
        given = began if outcome is None else self.gone_on(outcome.standing, ladder)
        if last.reason == "late" and given.position <= began.position:
            given = began
        given = read(given, ladder, rules, self.versions.now)
        if given.position >= self.standing(member, ladder).position:
            return []
        return [self.write(view, "refund", given, "firing", at, rules=rules)]

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


def _given_by_rules(decision: Decision) -> bool:
    """Whether a purchase may have given it: not what staff or a run of new rules did."""
    if decision.reason == CHANGE:
        return decision.mode == "fact"
    return decision.reason not in NOT_RECHECKED

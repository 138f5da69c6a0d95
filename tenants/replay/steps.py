"""Steps 1-4 of the algorithm for one member and ladder, in plain Python: what an evaluation gives."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import gone_on
from tenants.programme.moment import Moment
from tenants.programme.schedule import CalendarYearEnd, Months, UntilNextSchedule, valid_until
from tenants.programme.windows import ONE_DAY, add_months
from tenants.replay.standing import Standing
from tenants.replay.sums import Sums
from tenants.replay.values import View

_ONE_YEAR = 12


@dataclass(frozen=True, slots=True)
class Held:
    """Where a member stands before an evaluation, by the rules of that; without a decision in the base tier since
    joining. `at`: when that was decided, None: it never was. `stored`: as it was written; `runs_from`: since when its
    validity does, in the base tier too.
    """

    tier: str
    rank: int
    since: date
    valid_from: date
    valid_until: date | None
    fell_on: date | None
    locked_until: date | None
    may_rise: bool
    at: datetime | None
    stored: Standing | None = None
    runs_from: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, with the standing that follows; `rank` the one held before where nothing was (reason None)."""

    reason: str | None
    tier: str
    rank: int
    since: date
    valid_from: date
    valid_until: date | None
    fell_on: date | None

    def standing(self, reason: str, effective_at: datetime) -> Standing:
        """It as a row of `member_tier`: what was decided ends a lock."""
        return Standing(
            self.tier,
            self.rank,
            self.since,
            self.valid_from,
            self.valid_until,
            self.fell_on,
            locked_until=None,
            may_rise=True,
            reason=reason,
            effective_at=effective_at,
        )


def is_silent(ladder: Ladder) -> bool:
    """Whether a renewal on the ladder is no decision."""
    return isinstance(ladder.policy.validity, UntilNextSchedule)


def present(rules: Programme, ladder: Ladder, tier: str, rank: int) -> tuple[str, int]:
    """Code and rank that a stored tier has by the rules; one of which nobody said what became stays as it is."""
    to = rules.lineage.get(ladder.code, {}).get(tier) if rank > 0 else None
    found = None if to is None else ladder.tier(to)
    return (tier, rank) if found is None else (found.code, found.rank)


def held(
    rules: Programme,
    ladder: Ladder,
    standing: Standing | None,
    joined_on: date,
    moment: Moment,
    *,
    before: bool = False,
) -> Held:
    """A standing as the moment finds it, with what runs renewed without a word; `before`: by its instant."""
    base = ladder.tiers[0].code
    if standing is None:
        return Held(base, 0, joined_on, joined_on, None, None, None, may_rise=True, at=None)
    tier, rank = present(rules, ladder, standing.tier, standing.rank)
    up = rank > 0
    on = gone_on(rules, ladder, standing.validity, moment.last_runs, by=moment if before else None)
    return Held(
        tier if up else base,
        rank,
        standing.since if up else joined_on,
        on.valid_from if up else joined_on,
        on.valid_until if up else None,
        standing.fell_on,
        on.locked_until,
        on.may_rise,
        standing.effective_at,
        standing,
        on.valid_from,
    )


def view_of(ladder: Ladder, now: Held, sums: Sums, joined_on: date, moment: Moment) -> View:
    """The member as this evaluation sees it."""
    return View(sums, moment.day, joined_on, ladder, now.since, now.valid_from, now.fell_on)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One member on one ladder at a moment. `again`: an instant gone by, which what was decided since doesn't stop, and
    of which a silent renewal is told. `upward`: step 2 alone. `retarget`: instead of the upgrade the tier that new
    rules give, both ways; `only`: and nothing else.
    """

    ladder: Ladder
    now: Held
    view: View
    moment: Moment
    again: bool = False
    upward: bool = False
    retarget: bool = False
    only: bool = False

    def outcome(self) -> Outcome:
        """What it gives."""
        reason, rank = self._decide()
        now, today = self.now, self.moment.today
        tier = now.tier if reason is None else self.ladder.tiers[rank].code
        if reason is None:
            return Outcome(None, tier, rank, today, today, None, now.fell_on)
        if reason == "renew":
            begins, ends = self._renewed()
            return Outcome(reason, tier, rank, now.since, begins, ends if rank else None, now.fell_on)
        until = valid_until(self.ladder.policy, today) if rank else None
        return Outcome(reason, tier, rank, today, today, until, today if reason == "downgrade" else now.fell_on)

    def _decide(self) -> tuple[str | None, int]:
        now, moment = self.now, self.moment
        decided_since = now.at is not None and (now.at > moment.at or (moment.firing and now.at == moment.at))
        if decided_since and not self.again:
            return None, now.rank
        target = self.target(both_ways=self.retarget)
        if target > now.rank or (self.retarget and target < now.rank):
            return "programme_change" if self.retarget else "upgrade", target
        if not self.upward and not self.only and now.valid_until is not None:
            over, renewable = self._over(now.valid_until)
            if over and not self._kept(now.rank):
                return "downgrade", self._fall()
            if renewable and self._kept(now.rank):
                return "renew", now.rank
        return None, now.rank

    def _over(self, ends: date) -> tuple[bool, bool]:
        """Whether validity and grace are over, and whether keeping the tier now renews it."""
        policy, moment = self.ladder.policy, self.moment
        over = ends + timedelta(days=policy.grace_days) < moment.today
        if is_silent(self.ladder):
            over = over and moment.firing
            return over, over and (policy.grace_days > 0 or self.again)
        return over, over or (ends < moment.today and not moment.firing)

    def target(self, *, both_ways: bool) -> int:
        """The rank that the rules give; the one held where that is lower (unless `both_ways`), or a lock forbids it."""
        now = self.now
        found = self._qualified()
        free = now.locked_until is None or now.locked_until < self.moment.today
        if found > now.rank:
            return found if now.may_rise or free else now.rank
        return found if both_ways and free else now.rank

    def _qualified(self) -> int:
        return next(
            (
                tier.rank
                for tier in reversed(self.ladder.tiers)
                if tier.qualify is not None and self.view.holds(tier.qualify, in_retain=False)
            ),
            0,
        )

    def _kept(self, rank: int) -> bool:
        tier = self.ladder.tiers[rank]
        if tier.retain is not None:
            return self.view.holds(tier.retain, in_retain=True)
        return tier.qualify is None or self.view.holds(tier.qualify, in_retain=False)

    def _fall(self) -> int:
        drop, rank = self.ladder.policy.max_drop, self.now.rank
        lowest = 0 if drop is None else max(0, rank - drop)
        return next((below for below in range(rank - 1, lowest - 1, -1) if self._kept(below)), lowest)

    def _renewed(self) -> tuple[date, date | None]:
        """Whole periods on from the old last day; where that was a lock's end, a normal validity from now."""
        policy, today, ends = self.ladder.policy, self.moment.today, self.now.valid_until
        match policy.validity:
            case Months(months=months):
                period = months
            case CalendarYearEnd():
                period = _ONE_YEAR
            case _:
                return today, valid_until(policy, today)
        if ends is None or self.now.locked_until == ends:
            return today, valid_until(policy, today)
        periods = next(k for k in range(1, 100_001) if add_months(ends, period * k) >= today)
        return add_months(ends, period * (periods - 1)) + ONE_DAY, add_months(ends, period * periods)

"""Rechecks of what refunds put in question, again: the decision that gave the tier, as of its own instant."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import gone_on
from tenants.programme.moment import moment_of
from tenants.programme.schedule import latest_schedule_day
from tenants.programme.windows import local_day
from tenants.replay.facts import Batch
from tenants.replay.person import Person, Record
from tenants.replay.standing import Decided, Mark, Standing
from tenants.replay.steps import present
from tenants.tiers.recheck import recheck_due

_NOT_THE_RULES: Final = frozenset({"manual", "import", "merge", "refund", "programme_change"})


@dataclass(frozen=True, slots=True)
class Recheck:
    """The rechecks of a batch at its instant. `firing`: the schedules decide next."""

    person: Person
    batch: Batch
    rules: Programme
    firing: bool

    @property
    def at(self) -> datetime:
        return self.batch.as_of

    def run(self, record: Record, ladders: Collection[str]) -> None:
        """Settles the marks of these ladders that are due."""
        due = [(code, mark) for code, mark in record.tiers.marks.items() if code in ladders and mark.due_at <= self.at]
        for code, mark in due:
            standing = record.tiers.held.get(code)
            ladder, gave = self.rules.ladder(code), record.tiers.gave(code)
            if standing is not None and standing.rank and self._is_later(standing, gave):
                if ladder is not None:
                    due_at = recheck_due(ladder, self.batch.evaluated_at, self.person.chain.zone)
                    record.tiers.marks[code] = Mark(due_at, mark.refund_id)
                continue
            del record.tiers.marks[code]
            if standing is None or not standing.rank or gave is None or not _by_the_rules(gave):
                continue
            if ladder is None or not self._decides_anew(standing, ladder):
                self._recompute(record, standing, gave, mark)

    def _is_later(self, standing: Standing, gave: Decided | None) -> bool:
        """A publish of that very instant that only carried the tier over is no decision behind it."""
        return standing.effective_at > self.at or (gave is not None and gave.after.effective_at >= self.at)

    def _decides_anew(self, standing: Standing, ladder: Ladder) -> bool:
        if not self.firing:
            return False
        if self.batch.run is not None and ladder.code in self.batch.run["retarget"]:
            return True
        ends = gone_on(self.rules, ladder, standing.validity, self.batch.last_runs).valid_until
        today = local_day(self.at, self.person.chain.zone)
        return ends is not None and ends + timedelta(days=ladder.policy.grace_days) < today

    def _recompute(self, record: Record, standing: Standing, gave: Decided, mark: Mark) -> None:
        """By the rules of the decision itself; written where it gives less."""
        rules = self.person.chain.version(gave.version)
        ladder = rules.ladder(gave.ladder)
        if ladder is None:
            return
        firing = gave.after.reason == "late" or gave.cause in {"recalculation", "manual"}
        moment = moment_of(
            gave.after.effective_at,
            self.person.chain.zone,
            firing=firing,
            recorded_at=self.batch.evaluated_at,
            cause="refund",
            cause_id=mark.refund_id,
            effective_at=self.at,
            last_runs=self.batch.last_runs,
        )
        outcome, view = record.recomputed(
            rules, ladder, moment, upward=gave.cause == "merge", retarget=_is_first_under(gave)
        )
        before = record.tiers.before_decision(gave)
        was = None if before is None else before.after
        was_tier, was_rank = (None, 0) if was is None else present(rules, ladder, was.tier, was.rank)
        given = outcome.reason is not None and (gave.after.reason != "late" or outcome.rank > was_rank)
        if given:
            after = outcome.standing("refund", self.at)
        else:
            after = Standing(
                was_tier if was_tier is not None and was_rank > 0 else ladder.tiers[0].code,
                was_rank,
                record.joined_on if was is None else was.since,
                record.joined_on if was is None else was.valid_from,
                None if was is None else was.valid_until,
                None if was is None else was.fell_on,
                locked_until=None if was is None else was.locked_until,
                may_rise=was is None or was.may_rise,
                reason="refund",
                effective_at=self.at,
            )
        # read by the rules in force
        held_tier, held_rank = self._now(ladder.code, standing.tier, standing.rank)
        tier, rank = self._now(ladder.code, after.tier, after.rank)
        present_ladder = self.rules.ladder(ladder.code)
        if present_ladder is not None:
            after = after.holding(gone_on(self.rules, present_ladder, after.validity, self.batch.last_runs))
        after = replace(after, tier=tier, rank=rank)
        if after.rank < held_rank:
            record.looked.clear()
            record.tiers.write(
                Decided(
                    record.id,
                    ladder.code,
                    held_tier,
                    held_rank,
                    after,
                    self.batch.evaluated_at,
                    moment.day,
                    rules.version,
                    view.facts(),
                    "refund",
                    mark.refund_id,
                )
            )

    def _now(self, code: str, tier: str, rank: int) -> tuple[str, int]:
        ladder = self.rules.ladder(code)
        return (tier, rank) if ladder is None else present(self.rules, ladder, tier, rank)


def _by_the_rules(gave: Decided) -> bool:
    return gave.after.reason not in _NOT_THE_RULES or _is_first_under(gave)


def _is_first_under(gave: Decided) -> bool:
    """Whether a purchase gave it, the first under new rules."""
    return gave.after.reason == "programme_change" and gave.cause == "purchase"


def end_of_day(person: Person, batch: Batch, record: Record) -> None:
    """A batch of rechecks on ladders whose schedule doesn't fire at that midnight."""
    rules = person.chain.version(batch.version)
    today = local_day(batch.as_of, person.chain.zone)
    ladders = {
        ladder.code
        for ladder in rules.ladders
        if ladder.policy.refund_recheck == "end_of_day" and latest_schedule_day(ladder.policy.schedule, today) != today
    }
    Recheck(person, batch, rules, firing=False).run(record, ladders)

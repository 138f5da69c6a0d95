"""One person on its way through a replay: each of its records, and what an evaluation of one of them writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import Moment
from tenants.replay.facts import Chain
from tenants.replay.standing import Decided, Standing, Tiers
from tenants.replay.steps import Evaluation, Held, Outcome, held, is_silent, view_of
from tenants.replay.sums import Sums
from tenants.replay.values import View


@dataclass(slots=True)
class Record:
    """One member's record. `closed_at`: when it left or was merged away."""

    id: UUID
    created_at: datetime
    closed_at: datetime | None
    joined_on: date
    sums: Sums = field(default_factory=Sums)
    tiers: Tiers = field(default_factory=Tiers)
    looked: dict[str, int] = field(default_factory=dict)
    """Ladders that a run has evaluated since the last fact, and the version of the rules."""
    looked_at: dict[str, datetime] = field(default_factory=dict)
    """As of when."""

    def active(self, at: datetime) -> bool:
        """Whether evaluations at an instant found it."""
        return self.closed_at is None or self.closed_at > at

    # --- evaluations --------------------------------------------------------------------------

    def evaluate(
        self,
        rules: Programme,
        ladders: Collection[str],
        moment: Moment,
        *,
        own: bool = False,
        retarget: Collection[str] = (),
    ) -> None:
        """Steps 1-4 on these ladders. `own`: of a fact of the member's own, whose decision keeps what it replaced.
        `retarget`: on these the tier that new rules give; a fact does nothing else on ladders that don't look at facts.
        """
        for ladder in rules.ladders:
            if ladder.code in ladders:
                moves = ladder.code in retarget
                evaluation = replace(
                    self._evaluation(rules, ladder, moment),
                    retarget=moves,
                    only=moves and not moment.firing and ladder.policy.upgrade != "immediate",
                )
                outcome = evaluation.outcome()
                if outcome.reason == "renew" and is_silent(ladder):
                    self.tiers.move(ladder.code, valid_from=outcome.valid_from, valid_until=outcome.valid_until)
                elif outcome.reason is not None:
                    keeps = own or outcome.reason == "programme_change"
                    self._write(rules, evaluation, outcome, outcome.reason, moment, own=keeps)

    def rise(self, rules: Programme, moment: Moment) -> None:
        """Step 2 alone, on every ladder."""
        for ladder in rules.ladders:
            evaluation = replace(self._evaluation(rules, ladder, moment), upward=True)
            outcome = evaluation.outcome()
            if outcome.reason is not None:
                self._write(rules, evaluation, outcome, outcome.reason, moment, own=True)

    def repeat(self, rules: Programme, ladders: Sequence[Ladder], moment: Moment, *, own: bool) -> None:
        """A firing that is over, from the standing before it, upward only."""
        for ladder in ladders:
            before = self.tiers.before_instant(ladder.code, moment.at)
            evaluation = self._evaluation(rules, ladder, moment, before=(before,), again=True)
            outcome, now = evaluation.outcome(), self.held(rules, ladder, moment)
            stays = not now.may_rise and now.locked_until is not None and now.locked_until >= moment.recorded_on
            if outcome.reason is not None and outcome.rank > now.rank and not stays:
                self._write(rules, evaluation, outcome, "late", moment, own=own, replaced=now)

    def recomputed(
        self, rules: Programme, ladder: Ladder, moment: Moment, *, upward: bool, retarget: bool
    ) -> tuple[Outcome, View]:
        """What an instant that is over would give today, from the standing before it."""
        before = self.tiers.before_instant(ladder.code, moment.at)
        evaluation = replace(
            self._evaluation(rules, ladder, moment, before=(before,), again=True),
            upward=upward,
            retarget=retarget,
            only=retarget and ladder.policy.upgrade != "immediate",
        )
        return evaluation.outcome(), evaluation.view

    def give(
        self,
        rules: Programme,
        ladder: Ladder,
        after: Standing,
        moment: Moment,
        cause_id: UUID,
        *,
        from_tier: str | None = None,
        keeps: bool = False,
    ) -> None:
        """A standing that something else than the steps gives, with the values of now. `keeps`: what it replaced."""
        now = self.held(rules, ladder, moment)
        view = view_of(ladder, now, self.sums, self.joined_on, moment)
        self.tiers.write(
            Decided(
                self.id,
                ladder.code,
                from_tier or now.tier,
                now.rank,
                after,
                moment.recorded_at,
                moment.day,
                rules.version,
                view.facts(),
                moment.cause,
                cause_id,
                before=now.stored if keeps else None,
                has_before=keeps,
            )
        )

    def held(self, rules: Programme, ladder: Ladder, moment: Moment) -> Held:
        """Where it stands now."""
        return held(rules, ladder, self.tiers.held.get(ladder.code), self.joined_on, moment)

    def evaluation(self, rules: Programme, ladder: Ladder, moment: Moment) -> Evaluation:
        """A look at the ladder as it is now."""
        return self._evaluation(rules, ladder, moment)

    def _evaluation(
        self,
        rules: Programme,
        ladder: Ladder,
        moment: Moment,
        *,
        before: tuple[Standing | None] | None = None,
        again: bool = False,
    ) -> Evaluation:
        standing = self.tiers.held.get(ladder.code) if before is None else before[0]
        now = held(rules, ladder, standing, self.joined_on, moment, before=before is not None)
        return Evaluation(ladder, now, view_of(ladder, now, self.sums, self.joined_on, moment), moment, again=again)

    def _write(
        self,
        rules: Programme,
        evaluation: Evaluation,
        outcome: Outcome,
        reason: str,
        moment: Moment,
        *,
        own: bool,
        replaced: Held | None = None,
    ) -> None:
        """What was decided ends a lock. `replaced`: the standing now, where it started from another one."""
        ladder, now = evaluation.ladder, replaced or evaluation.now
        after = outcome.standing(reason, moment.effective_at)
        self.tiers.write(
            Decided(
                self.id,
                ladder.code,
                now.tier,
                now.rank,
                after,
                moment.recorded_at,
                moment.day,
                rules.version,
                evaluation.view.facts(),
                moment.cause,
                moment.cause_id,
                before=self.tiers.held.get(ladder.code) if own else None,
                has_before=own,
            )
        )


@dataclass(slots=True)
class Person:
    """All records of one person; `into` says where each merged one leads, from when on."""

    chain: Chain
    records: dict[UUID, Record]
    into: dict[UUID, tuple[datetime, UUID]] = field(default_factory=dict)

    def holder(self, member_id: UUID, at: datetime) -> Record:
        """Whose a fact of the record is at an instant: a merged one's is the survivor's, from the merge on."""
        while (merged := self.into.get(member_id)) is not None and merged[0] <= at:
            member_id = merged[1]
        return self.records[member_id]

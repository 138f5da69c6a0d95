"""What a replay keeps of a member's tiers: the standing on each ladder, and every decision that led to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants.programme.kept import Validity


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of `member_tier`."""

    tier: str
    rank: int
    since: date
    valid_from: date
    valid_until: date | None
    fell_on: date | None
    locked_until: date | None
    may_rise: bool
    reason: str
    effective_at: datetime

    @property
    def validity(self) -> Validity:
        return Validity(self.valid_from, self.valid_until, self.locked_until, self.may_rise)

    def holding(self, validity: Validity) -> "Standing":
        """The same with another validity."""
        return replace(
            self,
            valid_from=validity.valid_from,
            valid_until=validity.valid_until,
            locked_until=validity.locked_until,
            may_rise=validity.may_rise,
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: the standing before it (as it was told) and after it. `before`: of a fact of the member's own, the
    row that it replaced (None: there was none); `has_before` says whether it is kept at all.
    """

    member_id: UUID
    ladder: str
    from_tier: str
    from_rank: int
    after: Standing
    recorded_at: datetime
    day: date
    version: int
    facts: Mapping[str, Any]
    cause: str
    cause_id: UUID
    before: Standing | None = None
    has_before: bool = False

    @property
    def is_undo(self) -> bool:
        return self.after.reason == "refund" and self.cause == "undo"

    @property
    def carries_over(self) -> bool:
        """Whether new rules left the standing as it was, under the name that they have for it."""
        by_publish = self.after.reason == "programme_change" and self.cause == "programme"
        same = self.from_rank == self.after.rank and self.before is not None and self.before.since == self.after.since
        return by_publish and same


@dataclass(frozen=True, slots=True)
class Mark:
    """A tier in question until its recheck."""

    due_at: datetime
    refund_id: UUID


@dataclass(slots=True)
class Tiers:
    """One member's tiers by ladder. `log` has each ladder's decisions in their order, `last` the one that made the
    standing; runs and staff move validities on without one.
    """

    held: dict[str, Standing] = field(default_factory=dict)
    log: dict[str, list[Decided]] = field(default_factory=dict)
    order: list[Decided] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    def write(self, decided: Decided) -> None:
        self.held[decided.ladder] = decided.after
        self.log.setdefault(decided.ladder, []).append(decided)
        self.order.append(decided)

    def move(self, ladder: str, **changes: Any) -> None:
        """Changes the standing without a decision."""
        self.held[ladder] = replace(self.held[ladder], **changes)

    def last(self, ladder: str) -> Decided | None:
        log = self.log.get(ladder)
        return log[-1] if log and ladder in self.held else None

    def before_instant(self, ladder: str, at: datetime) -> Standing | None:
        """The standing that was decided before an instant."""
        return next((d.after for d in reversed(self.log.get(ladder, ())) if d.after.effective_at < at), None)

    def before_decision(self, decided: Decided) -> Decided | None:
        """The decision of the same ladder before another one."""
        log = self.log[decided.ladder]
        place = next(n for n, one in enumerate(log) if one is decided)
        return log[place - 1] if place else None

    def gave(self, ladder: str) -> Decided | None:
        """The decision that gave the standing: the last one, or, where an undo put back what a fact had replaced, the
        one before that fact's first; what a publish carried over was given before it.
        """
        found = self.last(ladder)
        while found is not None and (found.is_undo or found.carries_over):
            fact = found.cause_id
            first = next(one for one in self.log[ladder] if one.cause_id == fact) if found.is_undo else found
            found = self.before_decision(first)
        return found

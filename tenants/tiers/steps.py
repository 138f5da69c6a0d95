"""Steps 1-4 of the domain's algorithm as SQL: what one ladder decides for every member of `v`.

Upgrade to the highest rank that qualifies; else, once the validity and its grace are over, renew or fall; else
nothing. The choices where the domain's text is silent are in docs/decisions/0004-tier-algorithm.md and 0010.
A lock needs a look on the way up only: under it the validity isn't over before the lock (a constraint of
`member_tier`), so that nothing falls and nothing is renewed.
"""

from dataclasses import dataclass

from tenants.programme.compiler import Values
from tenants.programme.document import Ladder
from tenants.programme.schedule import CalendarYearEnd, Months, UntilNextSchedule, valid_until
from tenants.tiers.retargeting import may_rise, target, target_rank

_PAIRS = 45  # a function takes 100 arguments: facts are built from objects of 45 pairs


@dataclass(frozen=True, slots=True)
class Steps:
    """Which steps are taken.

    `again`: an instant gone by, from the standing before it; what was decided since doesn't stop it, and a renewal
    that is no decision is told like one. `upward`: the upgrade alone. `everyone`: also those with nothing to decide.
    `retarget`: instead of the upgrade members get the tier that new rules give them, both ways (reason
    `programme_change`); `only`: and nothing else. `kept`: who keeps what it has is told like one who gets it (`kept`).
    """

    again: bool = False
    upward: bool = False
    everyone: bool = False
    retarget: bool = False
    only: bool = False
    kept: bool = False


def renews_silently(ladder: Ladder) -> bool:
    """Whether a renewal is no decision."""
    return isinstance(ladder.policy.validity, UntilNextSchedule)


class Deciding:
    """One ladder's part of a statement. Binds only what its text uses: PostgreSQL refuses other parameters."""

    def __init__(self, values: Values, j: int, steps: Steps) -> None:
        self._values, self._j, self._steps = values, j, steps
        self._ladder: Ladder = values.programme.ladders[j]
        self._policy = self._ladder.policy
        self._s = f"v.s{j}"
        binder = values.binder
        self._today = binder.moment("today", lambda m: m.today, "date")
        self._until = binder.moment(f"valid until {j}", lambda m: valid_until(self._policy, m.today), "date")
        self._code = binder.constant(self._ladder.code, "text")
        self._codes = binder.constant([tier.code for tier in self._ladder.tiers], "text[]")

    def select(self) -> str:
        """The columns number, ladder, id, reason, silent, base, from_tier, from_rank, to_tier, to_rank, since,
        valid_from, valid_until, fell_on and facts.
        """
        everyone, own = self._steps.everyone, f"e.s{self._j}"
        decided = "" if everyone else " WHERE v.reason IS NOT NULL"
        silent = renews_silently(self._ladder) and not self._steps.again
        facts = facts_of(self._values, self._j)
        # OFFSET 0 keeps the planner from copying an expression to each place where its result is used.
        return f"""
  SELECT {self._j} AS number, {self._code} AS ladder, e.id, e.reason,
         {"e.reason = 'renew'" if silent else "false"} AS silent, ({self._codes})[1] AS base,
         {own}_tier AS from_tier, {own}_rank AS from_rank,
         ({self._codes})[e.to_rank + 1] AS to_tier, e.to_rank,{self._standing()},
         {facts if everyone and self._steps.again else f"CASE WHEN e.reason IS NOT NULL THEN {facts} END"} AS facts
    FROM (SELECT v.*, {self._to_rank()} AS to_rank{self._periods()}
            FROM (SELECT v.*, {self._reason()} AS reason FROM v OFFSET 0) v{decided} OFFSET 0) e"""

    def _reason(self) -> str:
        lines = []
        if not self._steps.again:
            at = self._values.binder.moment("at", lambda m: m.at, "timestamptz")
            lines.append(f"WHEN {self._s}_at > {at} OR {self._firing()} AND {self._s}_at = {at} THEN NULL")
        if self._steps.retarget:
            lines.append(f"WHEN {self._retarget()} <> {self._s}_rank THEN 'programme_change'")
        else:
            lines.append(f"WHEN {self._target()} > {self._s}_rank AND {self._may_rise()} THEN 'upgrade'")
        if not self._steps.upward and not self._steps.only:
            keeps = self._keeps()
            lines.append(f"WHEN {self._over()} AND NOT {keeps} THEN 'downgrade'")
            renewable = self._renewable()
            if renewable is not None:
                lines.append(f"WHEN {renewable} AND {keeps} THEN 'renew'")
        if self._steps.kept:
            lines.append("ELSE 'kept'")
        text = "\n                     ".join(lines)
        return f"""CASE
                     {text}
                   END"""

    def _firing(self) -> str:
        return self._values.binder.moment("firing", lambda m: m.firing, "boolean")

    def _may_rise(self) -> str:
        return may_rise(self._values, self._j)

    def _over(self) -> str:
        grace = self._values.binder.constant(self._policy.grace_days, "integer")
        over = f"{self._s}_valid_until + {grace} < {self._today}"
        # A validity until the next schedule ends when the schedule decides, never at a fact that came before it.
        return f"{over} AND {self._firing()}" if renews_silently(self._ladder) else over

    def _renewable(self) -> str | None:
        if not renews_silently(self._ladder):
            # In grace a fact that makes `retain` hold renews at once.
            return f"({self._over()} OR {self._s}_valid_until < {self._today} AND NOT {self._firing()})"
        if self._policy.grace_days > 0 or self._steps.again:
            return self._over()
        return None  # the run's record moves the validity: no row is written

    def _to_rank(self) -> str:
        retarget = self._steps.retarget
        whens = [
            f"WHEN 'programme_change' THEN {self._retarget()}" if retarget else f"WHEN 'upgrade' THEN {self._target()}"
        ]
        if not self._steps.upward and not self._steps.only:
            whens.append(f"WHEN 'downgrade' THEN {self._fall()}")
        return f"CASE v.reason {' '.join(whens)} ELSE {self._s}_rank END"

    def _standing(self) -> str:
        """`since`, `valid_from`, `valid_until` and `fell_on` of the standing that follows."""
        own = f"e.s{self._j}"
        if self._steps.upward or self._steps.only:
            return f"""
         {self._today} AS since, {self._today} AS valid_from,
         CASE WHEN e.to_rank > 0 THEN {self._until} END AS valid_until, {own}_fell_on AS fell_on"""
        renewed_from, renewed = self._renewed()
        return f"""
         CASE WHEN e.reason IN ('renew', 'kept') THEN {own}_since ELSE {self._today} END AS since,
         CASE e.reason WHEN 'renew' THEN {renewed_from} WHEN 'kept' THEN {own}_valid_from ELSE {self._today} END
           AS valid_from,
         CASE WHEN e.to_rank = 0 THEN NULL WHEN e.reason = 'renew' THEN {renewed}
              WHEN e.reason = 'kept' THEN {own}_valid_until ELSE {self._until} END AS valid_until,
         CASE WHEN e.reason = 'downgrade' THEN {self._today} ELSE {own}_fell_on END AS fell_on"""

    def _renewed(self) -> tuple[str, str]:
        """First and last day of a renewed validity: whole periods on from the old last day, so that the member's
        year keeps its day. A lock's end is no such day: there a normal validity begins with T.
        """
        months = _period_months(self._ladder)
        if months is None:
            return self._today, self._until
        own = f"e.s{self._j}"
        locked = f"WHEN {own}_locked_until = {own}_valid_until THEN"
        begins = f"(({own}_valid_until + make_interval(months => {months} * (e.periods - 1)))::date + 1)"
        ends = f"({own}_valid_until + make_interval(months => {months} * e.periods))::date"
        return (
            f"CASE {locked} {self._today} ELSE {begins} END",
            f"CASE {locked} {self._until} ELSE {ends} END",
        )

    def _periods(self) -> str:
        """How many whole periods a renewal takes to cover today."""
        months = None if self._steps.upward or self._steps.only else _period_months(self._ladder)
        if months is None:
            return ""
        return f""",
                 CASE WHEN v.reason = 'renew' THEN
                   (SELECT k FROM generate_series(1, 100000) k
                     WHERE ({self._s}_valid_until + make_interval(months => {months} * k))::date >= {self._today}
                     LIMIT 1) END AS periods"""

    def _target(self) -> str:
        return target(self._values, self._j)

    def _retarget(self) -> str:
        return target_rank(self._values, self._j)

    def _keeps(self) -> str:
        """Whether the current tier's `retain` (else `qualify`) holds."""
        return keeps(self._values, self._j)

    def _fall(self) -> str:
        """The highest rank below, not past `max_drop`, that is kept; else the lowest allowed."""
        above_base = self._ladder.tiers[1:]
        if not above_base:
            return "0"
        drop = self._policy.max_drop
        lowest = "0"
        if drop is not None:
            lowest = f"greatest(0, {self._s}_rank - {self._values.binder.constant(drop, 'integer')})"
        whens = "".join(
            f" WHEN {self._s}_rank > {tier.rank} AND {tier.rank} >= {lowest}"
            f" AND {_keep(self._values, self._j, tier.rank)} THEN {tier.rank}"
            for tier in reversed(above_base)
        )
        return f"CASE{whens} ELSE {lowest} END"


def keeps(values: Values, j: int) -> str:
    """Whether the `retain` (else `qualify`) of the tier that a member of `v` holds on ladder j holds."""
    whens = "".join(f" WHEN {t.rank} THEN {_keep(values, j, t.rank)}" for t in values.programme.ladders[j].tiers)
    return f"CASE v.s{j}_rank{whens} ELSE false END"


def _keep(values: Values, j: int, rank: int) -> str:
    tier = values.programme.ladders[j].tiers[rank]
    condition = tier.retain or tier.qualify
    if condition is None:
        return "true"
    return values.holds(condition, j, in_retain=tier.retain is not None)


def facts_of(values: Values, j: int) -> str:
    """A jsonb object over the columns of a row `e` of `v`: each leaf's key and its value."""
    pairs = []
    for use in values.uses[j]:
        column = values.leaf(use.leaf, j, in_retain=use.in_retain)
        pairs.append(f"{values.binder.constant(use.key, 'text')}, e.{column}")
    chunks = [pairs[n : n + _PAIRS] for n in range(0, len(pairs), _PAIRS)]
    return " || ".join(f"jsonb_build_object({', '.join(chunk)})" for chunk in chunks) or "'{}'::jsonb"


def _period_months(ladder: Ladder) -> int | None:
    """How many months a renewal adds; None where it begins anew or there is none."""
    match ladder.policy.validity:
        case Months(months=months):
            return months
        case CalendarYearEnd():
            return 12
        case _:
            return None

"""Conditions compiled to SQL: one compiler answers for one member and for a million.

A compiled programme reads, for the members that an id predicate names, each ladder's state and the
value of every leaf. Deciding (`tenants.tiers.deciding`) and explaining stand on the same values, so
that they can't disagree. `patterns`: three grains of aggregates; a window is whole months plus edge
days, or the total; see docs/decisions/0003-conditions-in-sql.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tenants.programme.binder import Binder
from tenants.programme.conditions import (
    AllOf,
    AnyCondition,
    AnyOf,
    Not,
    RatingLeaf,
    ScoreLeaf,
    counts_anew,
    iter_leaves,
    leaf_key,
)
from tenants.programme.document import Ladder, Programme
from tenants.programme.leaves import AnyWeight, Quantity
from tenants.programme.member_windows import NEVER, constant_bounds, member_bounds
from tenants.programme.own_sums import OwnSums, OwnWindow
from tenants.programme.schedule import UntilNextSchedule, latest_schedule_day
from tenants.programme.states import Standing, states
from tenants.programme.sums import ConstantSums, Source, Sum, sums_of
from tenants.programme.windows import AnyWindow, CurrentValidity, Lifetime, is_constant, window_key


class Ids(Enum):
    """Which members a statement is about; the value is the predicate on a column, parameters from $2 on."""

    ONE = "{} = $2::uuid"
    SOME = "{} = ANY($2::uuid[])"
    RANGE = "{} BETWEEN $2::uuid AND $3::uuid"

    def on(self, column: str) -> str:
        return self.value.format(column)

    @property
    def next_parameter(self) -> int:
        return 4 if self is Ids.RANGE else 3


@dataclass(frozen=True)
class LeafUse:
    """A leaf where it stands: in an explicit `retain`, `lifetime` is the whole life, fall or not."""

    leaf: Quantity
    ladder: int
    in_retain: bool

    @property
    def key(self) -> str:
        """The facts' key: `spend/lifetime`; with `@all` where `retain` counts what `qualify` counts anew."""
        key = leaf_key(self.leaf)
        return f"{key}@all" if self.in_retain and counts_anew(self.leaf) else key


def leaf_uses(ladder: Ladder, index: int) -> list[LeafUse]:
    """Every leaf of a ladder, in the document's order, equal keys once."""
    uses: dict[str, LeafUse] = {}
    for tier in ladder.tiers:
        for condition, in_retain in ((tier.qualify, False), (tier.retain, True)):
            if condition is not None:
                for leaf in iter_leaves(condition):
                    use = LeafUse(leaf, index, in_retain)
                    uses.setdefault(use.key, use)
    return list(uses.values())


class Values:
    """The values of every leaf of some ladders, as the CTEs `m` (states) and `v` (states and leaves)."""

    def __init__(
        self, programme: Programme, evaluated: Sequence[int], ids: Ids, *, standing: Standing = Standing.NOW
    ) -> None:
        self.programme = programme
        self.ids = ids
        self.standing = standing
        self.binder = Binder(ids.next_parameter)
        self.uses = {j: leaf_uses(programme.ladders[j], j) for j in evaluated}
        self._columns: dict[str, str] = {}  # value expression → column of v
        self._of_leaves: dict[LeafUse, str] = {}  # who reads a value asks for its column each time
        self._constant = ConstantSums(self.binder)
        self._own = OwnSums(self.binder)
        for uses in self.uses.values():
            for use in uses:
                self._column(self._value(use.leaf, use))

    # --- leaves -------------------------------------------------------------------------------

    def leaf(self, leaf: Quantity, ladder: int, *, in_retain: bool) -> str:
        """The column of `v` that holds the leaf's value; NULL: the leaf is not met."""
        use = LeafUse(leaf, ladder, in_retain)
        known = self._of_leaves.get(use)
        if known is None:
            known = self._of_leaves[use] = self._column(self._value(leaf, use))
        return known

    def _column(self, expression: str) -> str:
        return self._columns.setdefault(expression, f"f{len(self._columns) + 1}")

    def _value(self, quantity: Quantity, use: LeafUse) -> str:
        """What `quantity`, the leaf of `use` or a part of it, is worth, as an expression over `m` and the joins."""
        if isinstance(quantity, ScoreLeaf):
            return " + ".join(self._weighed(weight, use) for weight in quantity.weights)
        if quantity.metric == "tenure_days":
            return f"({self._day()} - m.joined_on)::bigint"
        window = quantity.window
        if window is None:
            return self._days_since_purchase()
        found = [self._sum(one, window, use) for one in sums_of(quantity)]
        if isinstance(quantity, RatingLeaf):
            total, valued = found
            # 20 places: more than enough to tell any mean from a bound of 4
            return f"trim_scale(({total})::numeric(40, 20) / nullif({valued}, 0))"
        (value,) = found
        return f"coalesce({value}, 0)::bigint"

    def _weighed(self, weight: AnyWeight, use: LeafUse) -> str:
        """Numeric, so that no weight overflows; 20 places, since a quotient rounded up is no floor."""
        per, points = (self.binder.constant(number, "bigint") for number in (weight.per, weight.points))
        return f"floor(({self._value(weight, use)})::numeric(40, 20) / {per}) * {points}"

    def _days_since_purchase(self) -> str:
        day = self._day()
        return (
            f"({day} - CASE WHEN m.t_last_day <= {day} THEN m.t_last_day ELSE (SELECT max(a.day) FROM member_day a"
            f" WHERE a.tenant_id = $1 AND a.member_id = m.id AND a.day <= {day} AND a.purchases > 0) END)::bigint"
        )

    def _sum(self, one: Sum, window: AnyWindow, use: LeafUse) -> str:
        """The sum over a window; NULL where there is nothing."""
        if isinstance(window, Lifetime):
            return self._lifetime(one, use)
        if is_constant(window):
            return self._constant.value(window_key(window), constant_bounds(window), one)
        policy = self.programme.ladders[use.ladder].policy
        if isinstance(window, CurrentValidity) and isinstance(policy.validity, UntilNextSchedule):
            schedule = policy.schedule
            key = f"validity of {use.ladder}"
            return self._constant.value(key, lambda m: (latest_schedule_day(schedule, m.day), m.day), one)
        return self._own.value(OwnWindow(*member_bounds(window, f"s{use.ladder}", self.binder)), one)

    def _day(self) -> str:
        return self.binder.moment("day", lambda m: m.day, "date")

    def _lifetime(self, one: Sum, use: LeafUse) -> str:
        """Everything up to D; for who fell, where that is counted anew, its own window from the fall on.

        Plain purchases have a total, good unless facts after D are in it; a measure's months are few enough.
        """
        # a parameter that no text names has no type: each is asked for where it is used
        whole = f"m.t_{one.column}"
        if one.source is not Source.PURCHASES:
            whole = self._constant.value("lifetime", constant_bounds(Lifetime(type="lifetime")), one)
            if use.in_retain:
                return whole
        first, day = member_bounds(Lifetime(type="lifetime"), f"s{use.ladder}", self.binder)
        own = f"m.s{use.ladder}_fell_on IS NOT NULL"
        if use.in_retain:
            first, own = self.binder.constant(NEVER, "date"), "false"
        if one.source is Source.PURCHASES:
            own = f"({own} OR m.t_last_day > {day})"
        return f"CASE WHEN {own} THEN {self._own.value(OwnWindow(first, day, own), one)} ELSE {whole} END"

    # --- conditions ---------------------------------------------------------------------------

    def holds(self, condition: AnyCondition, ladder: int, *, in_retain: bool) -> str:
        """The condition as a boolean over the columns of `v`; never NULL."""
        match condition:
            case AnyOf(conditions=parts):
                return "(" + " OR ".join(self.holds(p, ladder, in_retain=in_retain) for p in parts) + ")"
            case AllOf(conditions=parts):
                return "(" + " AND ".join(self.holds(p, ladder, in_retain=in_retain) for p in parts) + ")"
            case Not(condition=part):
                return f"(NOT {self.holds(part, ladder, in_retain=in_retain)})"
            case _:
                column = self.leaf(condition, ladder, in_retain=in_retain)
                kind = "numeric" if isinstance(condition, RatingLeaf) else "bigint"
                tests = [
                    f"v.{column} {operator} {self.binder.constant(bound, kind)}"
                    for operator, bound in ((">=", condition.gte), ("<", condition.lt))
                    if bound is not None
                ]
                return f"coalesce({' AND '.join(tests)}, false)"

    # --- text ---------------------------------------------------------------------------------

    def ctes(self) -> str:
        """`m` and `v`, to stand after WITH. Complete only once every condition was compiled."""
        ids = self.ids.value
        columns = "".join(f",\n         {expression} AS {column}" for expression, column in self._columns.items())
        joins = self._constant.joins(ids) + self._own.joins()
        there = " AND m.status = 'active'" if self.ids is Ids.RANGE else ""  # others are named because they were found
        # OFFSET 0: read once, it is folded into its reader, and each value is still computed once.
        return (
            f"m AS MATERIALIZED ({states(self.programme, ids, self.binder, self.standing)}{there}),\n"
            f"v AS (\n  SELECT m.*{columns}\n    FROM m{joins}\n  OFFSET 0)"
        )

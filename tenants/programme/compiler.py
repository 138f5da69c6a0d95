"""Conditions compiled to SQL: one compiler answers for one member and for a million.

A compiled programme reads, for the members that an id predicate names, each ladder's state and the
value of every leaf. Deciding (`tenants.tiers.deciding`) and explaining stand on the same values, so
that they can't disagree. `patterns`: three grains of aggregates; a window is whole months plus edge
days, or the total; see docs/decisions/0003-conditions-in-sql.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tenants.programme.binder import Binder
from tenants.programme.conditions import (
    AllOf,
    AnyCondition,
    AnyOf,
    Leaf,
    Not,
    PlainLeaf,
    WindowedLeaf,
    iter_leaves,
    leaf_key,
)
from tenants.programme.document import Ladder, Programme
from tenants.programme.member_windows import (
    NEVER,
    ConstantWindow,
    EdgeDays,
    constant_bounds,
    member_bounds,
    months_around,
    own_sums,
)
from tenants.programme.moment import Moment
from tenants.programme.schedule import UntilNextSchedule, latest_schedule_day, next_schedule_day
from tenants.programme.windows import ONE_DAY, CurrentValidity, Lifetime, is_constant


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

    leaf: Leaf
    ladder: int
    in_retain: bool

    @property
    def key(self) -> str:
        """The facts' key: `spend/lifetime`; with `@all` where `retain` counts what `qualify` counts anew."""
        key = leaf_key(self.leaf)
        return f"{key}@all" if self.in_retain and self.counted_anew else key

    @property
    def counted_anew(self) -> bool:
        return isinstance(self.leaf, WindowedLeaf) and isinstance(self.leaf.window, Lifetime)


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

    def __init__(self, programme: Programme, evaluated: Sequence[int], ids: Ids) -> None:
        self.programme = programme
        self.ids = ids
        self.binder = Binder(ids.next_parameter)
        self.uses = {j: leaf_uses(programme.ladders[j], j) for j in evaluated}
        self._columns: dict[str, str] = {}  # value expression → column of v
        self._constants: dict[str, ConstantWindow] = {}
        self._sum_columns: dict[tuple[str, str], str] = {}  # window and metric → column of fm and fd
        self._laterals: dict[tuple[str, str, str], str] = {}
        for uses in self.uses.values():
            for use in uses:
                self._column(self._value(use))

    # --- leaves -------------------------------------------------------------------------------

    def leaf(self, leaf: Leaf, ladder: int, *, in_retain: bool) -> str:
        """The column of `v` that holds the leaf's value; NULL: the leaf is not met."""
        return self._column(self._value(LeafUse(leaf, ladder, in_retain)))

    def _column(self, expression: str) -> str:
        return self._columns.setdefault(expression, f"f{len(self._columns) + 1}")

    def _value(self, use: LeafUse) -> str:
        leaf = use.leaf
        if isinstance(leaf, PlainLeaf):
            day = self._day()
            if leaf.metric == "tenure_days":
                return f"({day} - m.joined_on)::bigint"
            return (
                f"({day} - CASE WHEN m.t_last_day <= {day} THEN m.t_last_day ELSE (SELECT max(a.day) FROM member_day a"
                f" WHERE a.tenant_id = $1 AND a.member_id = m.id AND a.day <= {day}) END)::bigint"
            )
        window = leaf.window
        if isinstance(window, Lifetime):
            return self._lifetime(leaf, use, self._day())
        if is_constant(window):
            return self._constant(leaf, leaf_key(leaf).partition("/")[2], constant_bounds(window))
        policy = self.programme.ladders[use.ladder].policy
        if isinstance(window, CurrentValidity) and isinstance(policy.validity, UntilNextSchedule):
            schedule = policy.schedule
            return self._constant(
                leaf,
                f"validity of {use.ladder}",
                lambda m: (latest_schedule_day(schedule, m.day), m.day),
            )
        first, last = member_bounds(window, f"s{use.ladder}", self.binder)
        return f"coalesce({self._lateral(first, last, 'true')}.{leaf.metric}, 0)"

    def _day(self) -> str:
        return self.binder.moment("day", lambda m: m.day, "date")

    def _constant(self, leaf: WindowedLeaf, key: str, of: Any) -> str:
        window = self._constants.get(key)
        if window is None:
            window = self._constants[key] = ConstantWindow(key, of, self.binder)
        column = self._sum_columns.setdefault((key, leaf.metric), f"c{len(self._sum_columns) + 1}")
        if leaf.metric == "max_purchase":
            return f"coalesce(greatest(fm.{column}, fd.{column}), 0)"
        return f"coalesce(fm.{column}, 0) + coalesce(fd.{column}, 0)"

    def _lifetime(self, leaf: WindowedLeaf, use: LeafUse, day: str) -> str:
        """The total, unless the member fell (counted anew) or has facts after D: then its own window."""
        if use.in_retain:
            first, fallen = self.binder.constant(NEVER, "date"), "false"
        else:
            first, _ = member_bounds(leaf.window, f"s{use.ladder}", self.binder)
            fallen = f"m.s{use.ladder}_fell_on IS NOT NULL"
        own = f"({fallen} OR m.t_last_day > {day})"
        alias = self._lateral(first, day, own)
        return f"coalesce(CASE WHEN {own} THEN {alias}.{leaf.metric} ELSE m.t_{leaf.metric} END, 0)"

    def _lateral(self, first: str, last: str, only_if: str) -> str:
        return self._laterals.setdefault((first, last, only_if), f"w{len(self._laterals) + 1}")

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
                tests = [
                    f"v.{column} {operator} {self.binder.constant(bound, 'bigint')}"
                    for operator, bound in ((">=", condition.gte), ("<", condition.lt))
                    if bound is not None
                ]
                return f"coalesce({' AND '.join(tests)}, false)"

    # --- text ---------------------------------------------------------------------------------

    def ctes(self) -> str:
        """`m`, `f` and `v`, to stand after WITH. Complete only once every condition was compiled."""
        return f"m AS MATERIALIZED ({self._states()}),\nv AS ({self._leaves()})"

    def _states(self) -> str:
        columns, joins = [], []
        for j, ladder in enumerate(self.programme.ladders):
            code = self.binder.constant(ladder.code, "text")
            base = self.binder.constant(ladder.tiers[0].code, "text")
            raised = f"s{j}.rank > 0"
            columns.append(
                f"coalesce(s{j}.rank, 0) AS s{j}_rank, CASE WHEN {raised} THEN s{j}.tier ELSE {base} END AS s{j}_tier,"
                f" CASE WHEN {raised} THEN s{j}.since ELSE m.joined_on END AS s{j}_since,"
                f" CASE WHEN {raised} THEN s{j}.valid_from ELSE m.joined_on END AS s{j}_valid_from,"
                f" {self._valid_until(j, ladder)} AS s{j}_valid_until, s{j}.since AS s{j}_began,"
                f" s{j}.fell_on AS s{j}_fell_on, s{j}.effective_at AS s{j}_at, s{j}.reason AS s{j}_reason,"
                f" s{j}.decision_id AS s{j}_decision_id"
            )
            joins.append(
                f"\n  LEFT JOIN member_tier s{j} ON s{j}.tenant_id = $1 AND s{j}.member_id = m.id"
                f" AND {self.ids.on(f's{j}.member_id')} AND s{j}.ladder = {code}"
            )
        return (
            f"\n  SELECT m.id, m.joined_on, t.spend AS t_spend, t.purchases AS t_purchases,"
            f" t.max_purchase AS t_max_purchase, t.last_day AS t_last_day,"
            f" {', '.join(columns)}\n  FROM member m{''.join(joins)}"
            f"\n  LEFT JOIN member_total t ON t.tenant_id = $1 AND t.member_id = m.id AND {self.ids.on('t.member_id')}"
            f"\n WHERE m.tenant_id = $1 AND {self.ids.on('m.id')}"
        )

    def _valid_until(self, j: int, ladder: Ladder) -> str:
        """A renewal under `until_next_schedule` without grace writes nothing: the last run over everyone
        moved the day on. With grace a run doesn't renew everyone, so there the row is kept up to date.
        """
        policy = ladder.policy
        if not isinstance(policy.validity, UntilNextSchedule) or policy.grace_days > 0:
            return f"s{j}.valid_until"
        schedule = policy.schedule

        def moved(moment: Moment) -> Any:
            ran = moment.last_runs.get(ladder.code)
            return None if ran is None else next_schedule_day(schedule, ran) - ONE_DAY

        day = self.binder.moment(f"run of {j}", moved, "date")
        return f"CASE WHEN s{j}.rank > 0 THEN greatest(s{j}.valid_until, {day}) END"

    def _sums(self) -> str:
        """Joins of the constant windows' sums: one pass over the whole months and one over the edge days that
        any of them needs. The days are a list, so that the index alone finds them among a member's others.
        """
        if not self._constants:
            return ""
        windows = self._constants.values()
        first = self.binder.moment("first month", lambda m: months_around(windows, m)[0], "date")
        last = self.binder.moment("last month", lambda m: months_around(windows, m)[1], "date")
        days = self.binder.moment("edge days", EdgeDays(windows), "date[]")
        return self._sums_of("fm", "member_month", f"a.month BETWEEN {first} AND {last}") + self._sums_of(
            "fd", "member_day", f"a.day = ANY({days})"
        )

    def _sums_of(self, alias: str, table: str, needed: str) -> str:
        sums = []
        for (key, metric), column in self._sum_columns.items():
            window = self._constants[key]
            within = window.months if table == "member_month" else window.days
            total = "max" if metric == "max_purchase" else "sum"
            sums.append(f"({total}(a.{metric}) FILTER (WHERE {within}))::bigint AS {column}")
        return f"""
  LEFT JOIN (
    SELECT a.member_id, {", ".join(sums)}
      FROM {table} a WHERE a.tenant_id = $1 AND {self.ids.on("a.member_id")} AND {needed}
     GROUP BY a.member_id) {alias} ON {alias}.member_id = m.id"""

    def _leaves(self) -> str:
        columns = "".join(f",\n         {expression} AS {column}" for expression, column in self._columns.items())
        own = "".join(own_sums(alias, *parts) for parts, alias in self._laterals.items())
        # OFFSET 0: read once, it is folded into its reader, and each value is still computed once.
        return f"\n  SELECT m.*{columns}\n    FROM m{self._sums()}{own}\n  OFFSET 0"

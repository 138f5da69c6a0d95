"""What a metric sums out of a member's aggregates, and the constant windows' sums as joins.

Three sources: plain purchases (columns of member_month and member_day), measures (rows by code in measure_month and
measure_day), and the branch measures, which are counted, not summed. See docs/decisions/0009-measures.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tenants.measures import codes
from tenants.programme.binder import Binder
from tenants.programme.leaves import PlainLeaf, Quantity, ScoreLeaf, TenureWeight
from tenants.programme.member_windows import Bounds, ConstantWindow, EdgeDays, months_around


class Source(Enum):
    """Where a metric's rows are; the value names the joins of its sums."""

    PURCHASES = "f"
    MEASURES = "g"
    BRANCHES = "h"

    @property
    def month_table(self) -> str:
        return "member_month" if self is Source.PURCHASES else "measure_month"

    @property
    def day_table(self) -> str:
        return "member_day" if self is Source.PURCHASES else "measure_day"


@dataclass(frozen=True)
class Sum:
    """One number out of the rows of a window: a column's sum or largest, or how many branches there are."""

    source: Source
    column: str
    measure: str | None = None  # of MEASURES: its code

    @property
    def _function(self) -> str:
        return "max" if self.largest else "sum"

    @property
    def largest(self) -> bool:
        return self.column in {"max_purchase", "most"}

    @property
    def _whole(self) -> str:
        return "" if self.column == "total" else "::bigint"  # a total may be a sum of decimals

    def of(self, column: str, within: str) -> str:
        """The aggregate of a column over the rows `within`, of every measure alike; NULL where there are none."""
        return f"({self._function}({column}) FILTER (WHERE {within})){self._whole}"

    def among(self, rows: str, column: str, binder: Binder) -> str:
        """The aggregate of a column of `rows`, which may be of several measures; NULL or 0 where there are none."""
        if self.source is Source.BRANCHES:
            return f"count(DISTINCT {rows}.measure) FILTER (WHERE {rows}.{column} > 0)"
        if self.measure is None:
            return f"{self._function}({rows}.{column}){self._whole}"
        return self.of(f"{rows}.{column}", f"{rows}.measure = {binder.constant(self.measure, 'text')}")


def sums_of(quantity: Quantity) -> tuple[Sum, ...]:
    """What has to be summed for a metric with a window: one number, for a rating the numbers' sum and how many.

    Raises ValueError for a metric that isn't a sum.
    """
    if isinstance(quantity, PlainLeaf | ScoreLeaf | TenureWeight):
        raise ValueError(f"{quantity.metric} is no sum")  # noqa: TRY004 - it's the metric that is wrong
    metric, detail = quantity.metric, quantity.detail
    if metric == "branches":
        return (Sum(Source.BRANCHES, "facts"),)
    if metric in {"activities", "rating"}:
        columns = ("facts",) if metric == "activities" else ("total", "valued")
        return tuple(Sum(Source.MEASURES, column, codes.activity(detail)) for column in columns)
    if metric in _MEASURED:
        return (Sum(Source.MEASURES, *_MEASURED[metric]),)
    if detail is not None:
        return (Sum(Source.MEASURES, "total" if metric == "spend" else "facts", codes.category(detail)),)
    return (Sum(Source.PURCHASES, metric),)


_MEASURED: Final = {
    "referrals": ("facts", codes.REFERRAL),
    "top_ups": ("total", codes.TOP_UP),
    "max_top_up": ("most", codes.TOP_UP),
    "points_earned": ("total", codes.POINTS),
}


def which(source: Source, measures: Iterable[str | None], binder: Binder) -> str:
    """The condition on rows `a` that picks a source's measures; begins with AND."""
    match source:
        case Source.PURCHASES:
            return ""
        case Source.MEASURES:
            # one by one: of an array as a parameter the planner guesses ten, and won't keep a plan for any member
            wanted = sorted({measure for measure in measures if measure is not None})
            return f" AND a.measure IN ({', '.join(binder.constant(measure, 'text') for measure in wanted)})"
        case Source.BRANCHES:
            # a prefix that the index finds whatever the database's collation; branches bought at and not given back
            return f" AND a.measure ^@ '{codes.BRANCH}:' AND a.facts > 0"


class ConstantSums:
    """The sums of all windows that D alone decides: one pass over a source's months and one over its days."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._windows: dict[str, ConstantWindow] = {}
        self._columns: dict[tuple[str, Sum], str] = {}

    def value(self, key: str, bounds: Bounds, one: Sum) -> str:
        """The sum over the window `key` as an expression over the joins; NULL where the window is empty."""
        if key not in self._windows:
            self._windows[key] = ConstantWindow(key, bounds, self._binder)
        column = self._columns.setdefault((key, one), f"c{len(self._columns) + 1}")
        if one.source is not Source.PURCHASES:
            return f"{one.source.value}.{column}"
        if one.largest:
            return f"greatest(fm.{column}, fd.{column})"
        return f"coalesce(fm.{column}, 0) + coalesce(fd.{column}, 0)"

    def joins(self, ids: str) -> str:
        """The joins to the members `m`; `ids` is the predicate on a column {} that names the members."""
        return "".join(self._joins(source, ids) for source in Source if self._of(source))

    def _of(self, source: Source) -> dict[tuple[str, Sum], str]:
        return {wanted: column for wanted, column in self._columns.items() if wanted[1].source is source}

    def _joins(self, source: Source, ids: str) -> str:
        """The days are a list, so that the index alone finds them among a member's others."""
        columns = self._of(source)
        windows = [self._windows[key] for key in dict.fromkeys(key for key, _ in columns)]
        moment, name = self._binder.moment, source.value
        first = moment(f"first month {name}", lambda m: months_around(windows, m)[0], "date")
        last = moment(f"last month {name}", lambda m: months_around(windows, m)[1], "date")
        days = moment(f"edge days {name}", EdgeDays(windows), "date[]")
        rows = f"a WHERE a.tenant_id = $1 AND {ids.format('a.member_id')}"
        months, days = f"a.month BETWEEN {first} AND {last}", f"a.day = ANY({days})"
        if source is Source.PURCHASES:
            return self._purchases("fm", columns, f"{source.month_table} {rows} AND {months}") + self._purchases(
                "fd", columns, f"{source.day_table} {rows} AND {days}"
            )
        rows += which(source, (one.measure for _, one in columns), self._binder)
        return self._measures(source, columns, f"{rows} AND {months}", f"{rows} AND {days}")

    def _measures(self, source: Source, columns: dict[tuple[str, Sum], str], months: str, days: str) -> str:
        """First each measure by itself, its windows once whatever asks for them; then what is asked for, out of few
        rows. Two steps, since a condition for each value on each row costs more than reading the rows.
        """
        bases: dict[tuple[str, str], tuple[str, Sum]] = {}
        for key, one in columns:
            bases.setdefault((key, one.column), (f"b{len(bases) + 1}", one))
        asked = ", ".join(
            f"{one.among('q', bases[key, one.column][0], self._binder)} AS {column}"
            for (key, one), column in columns.items()
        )

        def grain(table: str, rows: str, within: Callable[[ConstantWindow], str]) -> str:
            sums = (
                f"{one.of(f'a.{column}', within(self._windows[key]))} AS {base}"
                for (key, column), (base, one) in bases.items()
            )
            return f"SELECT a.member_id, a.measure, {', '.join(sums)}\n              FROM {table} {rows} GROUP BY 1, 2"

        name = source.value
        return f"""
  LEFT JOIN (
    SELECT q.member_id, {asked}
      FROM ({grain(source.month_table, months, lambda window: window.months)}
            UNION ALL
            {grain(source.day_table, days, lambda window: window.days)}) q
     GROUP BY q.member_id) {name} ON {name}.member_id = m.id"""

    def _purchases(self, alias: str, columns: dict[tuple[str, Sum], str], rows: str) -> str:
        sums = []
        for (key, one), column in columns.items():
            window = self._windows[key]
            within = window.months if alias == "fm" else window.days
            sums.append(f"{one.of(f'a.{one.column}', within)} AS {column}")
        return f"""
  LEFT JOIN (
    SELECT a.member_id, {", ".join(sums)}
      FROM {rows}
     GROUP BY a.member_id) {alias} ON {alias}.member_id = m.id"""

"""What a metric sums out of a member's aggregates, and the constant windows' sums as joins.

Three sources: plain purchases (columns of member_month and member_day), measures (rows by code in measure_month and
measure_day), and the branch measures, which are counted, not summed. See docs/decisions/0009-measures.md.
"""

from collections.abc import Iterable
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
    def largest(self) -> bool:
        return self.column in {"max_purchase", "most"}

    def of(self, rows: str, binder: Binder, within: str | None = None) -> str:
        """The aggregate over `rows`, of those `within` only; NULL or 0 where there are none."""
        filters = [] if within is None else [f"({within})"]
        if self.measure is not None:
            filters.insert(0, f"{rows}.measure = {binder.constant(self.measure, 'text')}")
        where = f" FILTER (WHERE {' AND '.join(filters)})" if filters else ""
        if self.source is Source.BRANCHES:
            return f"count(DISTINCT {rows}.measure){where}"
        whole = "" if self.column == "total" else "::bigint"  # a total may be a sum of decimals
        return f"({'max' if self.largest else 'sum'}({rows}.{self.column}){where}){whole}"


def sums_of(quantity: Quantity) -> tuple[Sum, ...]:
    """What has to be summed for a metric with a window: one number, for a rating the numbers' sum and how many.

    Raises ValueError for a metric that isn't a sum.
    """
    if isinstance(quantity, PlainLeaf | ScoreLeaf | TenureWeight):
        raise ValueError(f"{quantity.metric} is no sum")  # noqa: TRY004 - it's the metric that is wrong
    metric, detail = quantity.metric, quantity.detail
    if metric == "branches":
        return (Sum(Source.BRANCHES, "measure"),)
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
            wanted = sorted({measure for measure in measures if measure is not None})
            return f" AND a.measure = ANY({binder.constant(wanted, 'text[]')})"
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
        read = "a.member_id, a.measure, a.total, a.facts, a.valued, a.most"
        sums = [
            f"{one.of('a', self._binder, f'{self._windows[key].months} OR {self._windows[key].days}')} AS {column}"
            for (key, one), column in columns.items()
        ]
        return f"""
  LEFT JOIN (
    SELECT a.member_id, {", ".join(sums)}
      FROM (SELECT {read}, a.month, NULL::date AS day FROM {source.month_table} {rows} AND {months}
            UNION ALL
            SELECT {read}, NULL::date AS month, a.day FROM {source.day_table} {rows} AND {days}) a
     GROUP BY a.member_id) {name} ON {name}.member_id = m.id"""

    def _purchases(self, alias: str, columns: dict[tuple[str, Sum], str], rows: str) -> str:
        sums = []
        for (key, one), column in columns.items():
            window = self._windows[key]
            sums.append(f"{one.of('a', self._binder, window.months if alias == 'fm' else window.days)} AS {column}")
        return f"""
  LEFT JOIN (
    SELECT a.member_id, {", ".join(sums)}
      FROM {rows}
     GROUP BY a.member_id) {alias} ON {alias}.member_id = m.id"""

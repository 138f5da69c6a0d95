"""The sums of windows that every member has for itself: after a fall, since the tier began, its membership year."""

from dataclasses import dataclass

from tenants.programme.binder import Binder
from tenants.programme.sums import Source, Sum, which


@dataclass(frozen=True)
class OwnWindow:
    """First and last day as SQL dates over `m`, and who needs it at all: a condition over `m`."""

    first: str
    last: str
    only_if: str = "true"


class OwnSums:
    """A join for each window and source: its whole months and edge days, by lateral sums."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._columns: dict[tuple[Source, OwnWindow], dict[Sum, str]] = {}
        self._names: dict[tuple[Source, OwnWindow], str] = {}

    def value(self, window: OwnWindow, one: Sum) -> str:
        """The sum over the window; NULL where there is nothing, and for members who don't need it."""
        place = (one.source, window)
        alias = self._names.setdefault(place, f"w{len(self._names) + 1}")
        columns = self._columns.setdefault(place, {})
        return f"{alias}.{columns.setdefault(one, f'c{len(columns) + 1}')}"

    def joins(self) -> str:
        """The joins to the members `m`."""
        return "".join(
            self._join(self._names[place], *place, columns) for place, columns in list(self._columns.items())
        )

    def _join(self, alias: str, source: Source, window: OwnWindow, columns: dict[Sum, str]) -> str:
        """Who isn't `only_if` never reaches the lateral: in a batch these are most, and each would cost a loop.

        Edge days are two ranges before and behind the whole months: a condition that leaves the months out would
        read each day between, and a tier may be old. Row security lets a comparison into the index only if it is with
        a plain column, so the ranges' ends are columns first (OFFSET 0 keeps them).
        """
        picked = which(source, (one.measure for one in columns), self._binder)
        needed = sorted({one.column for one in columns} | (set() if source is Source.PURCHASES else {"measure"}))
        read = f"SELECT {', '.join(f'a.{column}' for column in needed)} FROM"
        rows = f"a WHERE a.tenant_id = $1 AND a.member_id = o.id{picked}"
        sums = ", ".join(f"{one.among('q', one.column, self._binder)} AS {column}" for one, column in columns.items())
        return f"""
  LEFT JOIN (
    SELECT o.id, w.* FROM (
      SELECT o.*, o.begins - 1 AS head, greatest(o.begins, o.ends) AS tail FROM (
        SELECT o.*, (date_trunc('month', (o.first - 1)::timestamp) + interval '1 month')::date AS begins,
               date_trunc('month', (o.last + 1)::timestamp)::date AS ends
          FROM (SELECT m.id, {window.first} AS first, {window.last} AS last FROM m WHERE {window.only_if} OFFSET 0) o
        OFFSET 0) o OFFSET 0) o
    CROSS JOIN LATERAL (
      SELECT {sums}
        FROM ({read} {source.month_table} {rows} AND a.month >= o.begins AND a.month < o.ends
              UNION ALL
              {read} {source.day_table} {rows} AND a.day BETWEEN o.first AND least(o.last, o.head)
              UNION ALL
              {read} {source.day_table} {rows} AND a.day BETWEEN o.tail AND o.last) q) w
    ) {alias} ON {alias}.id = m.id"""

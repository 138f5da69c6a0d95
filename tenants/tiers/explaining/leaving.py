"""When what a rolling window holds begins to leave it: until the day before that, what is missing now is enough."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.measures import codes
from tenants.programme.leaves import Quantity, leaf_key
from tenants.programme.sums import Source, Sum, sums_of
from tenants.programme.windows import ONE_DAY, RollingDays, RollingMonths, add_months

_ADDS_UP: Final = frozenset(
    ("spend", "purchases", "activities", "referrals", "top_ups", "points_earned", "branches", "tenure_days")
)
"""Metrics of which a missing part makes the whole; of a largest and of a mean what leaves doesn't matter so."""


def rolls(quantity: Quantity) -> bool:
    """Whether what it measures leaves its window bit by bit."""
    return isinstance(quantity.window, RollingDays | RollingMonths) and quantity.metric in _ADDS_UP


def first_day(window: RollingDays | RollingMonths, day: date) -> date:
    """The window's first day at D = `day`."""
    if isinstance(window, RollingDays):
        return day - timedelta(days=window.days - 1)
    return add_months(day, -window.months) + ONE_DAY


def last_day_of(window: RollingDays | RollingMonths, fact: date) -> date:
    """The last D at which the window still takes in the local day `fact`."""
    if isinstance(window, RollingDays):
        return fact + timedelta(days=window.days - 1)
    last = add_months(fact, window.months) + timedelta(days=3)  # months' ends: 31 January is gone on 28 February
    while first_day(window, last) > fact:
        last -= ONE_DAY
    return last


async def leaving(member_id: UUID, quantities: Iterable[Quantity], day: date) -> dict[str, date]:
    """By `leaf_key`, the last D on which nothing of what the rolling window holds at D = `day` has left it; none for
    windows that hold nothing.
    """
    asked: dict[str, tuple[RollingDays | RollingMonths, Sum]] = {}
    for quantity in quantities:
        if isinstance(quantity.window, RollingDays | RollingMonths) and rolls(quantity):
            asked[leaf_key(quantity)] = (quantity.window, sums_of(quantity)[0])
    if not asked:
        return {}
    arguments: list[Any] = [current().tenant_id, member_id, day]
    columns = [_first(one, first_day(window, day), arguments) for window, one in asked.values()]
    row = await connection().fetchrow(f"SELECT {', '.join(columns)}", *arguments)
    if row is None:
        raise RuntimeError("a SELECT without FROM has a row")
    return {
        key: last_day_of(window, fact)
        for (key, (window, _)), fact in zip(asked.items(), row.values(), strict=True)
        if fact is not None
    }


def _first(one: Sum, first: date, arguments: list[Any]) -> str:
    """SQL: the first local day of the window that counts for it; binds what it needs."""
    arguments.append(first)
    rows = (
        f"FROM {one.source.day_table} a WHERE a.tenant_id = $1 AND a.member_id = $2"
        f" AND a.day BETWEEN ${len(arguments)}::date AND $3::date AND a.{one.column} > 0"
    )
    if one.source is Source.PURCHASES:
        return f"(SELECT min(a.day) {rows})"
    if one.source is Source.BRANCHES:  # a branch leaves with the last of its days
        days = f"SELECT max(a.day) AS day {rows} AND a.measure ^@ '{codes.BRANCH}:' GROUP BY a.measure"
        return f"(SELECT min(b.day) FROM ({days}) b)"
    arguments.append(one.measure)
    return f"(SELECT min(a.day) {rows} AND a.measure = ${len(arguments)}::text)"

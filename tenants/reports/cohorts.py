"""Cohorts: who bought first in the same month, and how many of them came back in each month after."""

from collections import defaultdict
from datetime import date
from typing import Any, Final

from saas.scope import connection, current
from tenants.reports.overview import branches_of, rate
from tenants.reports.span import Span, Today, month_later
from tenants.segments.planning import planned_for_many

_CELLS: Final = """
SELECT x.first, x.month, count(*) AS members
  FROM (SELECT a.member_id, a.month, min(a.month) OVER (PARTITION BY a.member_id) AS first
          FROM member_month a WHERE a.tenant_id = $1 AND a.purchases > 0 AND a.month <= $3) x
 WHERE x.first >= $2
   AND ($4::uuid[] IS NULL OR EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 AND m.id = x.member_id
                                                              AND m.branch_id = ANY ($4)))
 GROUP BY 1, 2"""


async def cohorts(span: Span, now: Today) -> dict[str, Any]:
    """A row a month of the span in which somebody bought for the first time, with the members who bought in that month
    and in each month after, to the span's last. Of branches those who have their home there.
    """
    first, last = span.first.replace(day=1), span.last.replace(day=1)
    async with planned_for_many():
        rows = await connection().fetch(_CELLS, current().tenant_id, first, last, branches_of(span), timeout=120)
    cells: dict[date, dict[date, int]] = defaultdict(dict)
    for row in rows:
        cells[row["first"]][row["month"]] = row["members"]
    return {
        "unfinished": last.isoformat() if last == now.day.replace(day=1) else None,
        "cohorts": [_row(month, cells[month], last) for month in sorted(cells)],
    }


def _row(month: date, members: dict[date, int], last: date) -> dict[str, Any]:
    later = month
    found = []
    while later <= last:
        found.append(members.get(later, 0))
        later = month_later(later, 1)
    return {
        "month": month.isoformat(),
        "members": found[0],
        "active": found,
        "rates": [rate(each, found[0]) for each in found],
    }

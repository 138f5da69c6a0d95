"""RFM groups: recency, frequency and monetary value of a member among all who have bought, over the whole life.

A score is 1 + min(4, floor(5 × percent_rank)), so it never falls as the value rises: four values tell it, those from
which on the score is 2, 3, 4 and 5. These twelve numbers are all that a member has to be compared with, one or a
million; they are found in one pass over the tenant's buyers.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.programme.compiler import Values
from tenants.segments.planning import planned_for_many
from tenants.segments.properties import RfmGroup
from tenants.segments.stages import PURCHASES, SINCE, SPEND

GRID: Final[dict[int, tuple[RfmGroup, RfmGroup, RfmGroup, RfmGroup, RfmGroup]]] = {
    5: ("recent", "potential_loyalist", "potential_loyalist", "champion", "champion"),
    4: ("promising", "potential_loyalist", "loyal", "champion", "champion"),
    3: ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk"),
    1: ("lost", "lost", "at_risk", "cant_lose", "cant_lose"),
}
"""The group by R, then by FM = (F + M + 1) div 2 from 1 to 5."""

KEPT_FROM: Final = 20_000
"""From so many buyers on, a scale is kept for a while: finding it again for each page would take seconds."""
KEPT_SECONDS: Final = 600.0
_KEPT_TENANTS: Final = 1000

# Members with purchases that stand, up to D: from the totals, or from the days where there are facts after D.
# Active ones only: who has left is in nobody's way. A value's rank is how many come before it, equals not counted.
_SCALE: Final = """
WITH b AS MATERIALIZED (
  SELECT t.last_day - $2::date AS recency, t.purchases AS frequency, t.spend AS monetary
    FROM member_total t JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id AND m.status = 'active'
   WHERE t.tenant_id = $1 AND t.last_day <= $2 AND t.purchases > 0
  UNION ALL
  SELECT o.* FROM member_total t JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id AND m.status = 'active'
   CROSS JOIN LATERAL (
     SELECT max(a.day) FILTER (WHERE a.purchases > 0) - $2::date, sum(a.purchases)::bigint AS purchases,
            sum(a.spend)::bigint
       FROM member_day a WHERE a.tenant_id = $1 AND a.member_id = t.member_id AND a.day <= $2) o
   WHERE t.tenant_id = $1 AND t.last_day > $2 AND o.purchases > 0),
g AS (
  SELECT 'recency' AS what, recency::bigint AS value, count(*) AS equals FROM b GROUP BY 2
  UNION ALL SELECT 'frequency', frequency, count(*) FROM b GROUP BY 2
  UNION ALL SELECT 'monetary', monetary, count(*) FROM b GROUP BY 2),
q AS (
  SELECT what, value, 5 * (sum(equals) OVER (PARTITION BY what ORDER BY value) - equals)::bigint
                      / greatest(sum(equals) OVER (PARTITION BY what) - 1, 1)::bigint AS fifths
    FROM g)
SELECT what, (SELECT count(*) FROM b) AS buyers, min(value) FILTER (WHERE fifths >= 1) AS two,
       min(value) FILTER (WHERE fifths >= 2) AS three, min(value) FILTER (WHERE fifths >= 3) AS four,
       min(value) FILTER (WHERE fifths >= 4) AS five
  FROM q GROUP BY what
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """From which value on a member's score is 2, 3, 4, 5, as far as anybody reaches it. `recency` is minus the days
    since the last purchase, `monetary` minor units.
    """

    recency: tuple[int, ...] = ()
    frequency: tuple[int, ...] = ()
    monetary: tuple[int, ...] = ()


_kept: OrderedDict[tuple[UUID, date], tuple[float, Scale]] = OrderedDict()


async def scale_at(day: date) -> Scale:
    """The current tenant's scale with D = `day`. Of a large tenant it may be ten minutes old."""
    key = (current().tenant_id, day)
    known = _kept.get(key)
    if known is not None and known[0] > monotonic():
        return known[1]
    async with planned_for_many():
        rows = await connection().fetch(_SCALE, *key)
    found = {row["what"]: tuple(value for value in tuple(row)[2:] if value is not None) for row in rows}
    scale = Scale(**found)
    if rows and rows[0]["buyers"] >= KEPT_FROM:
        _kept[key] = (monotonic() + KEPT_SECONDS, scale)
        _kept.move_to_end(key)
        while len(_kept) > _KEPT_TENANTS:
            _kept.popitem(last=False)
    return scale


def group_sql(groups: Sequence[RfmGroup], scale: Scale, values: Values) -> str:
    """Whether a member is in one of the groups, as a boolean over `v`; who has never bought is in none."""
    cells = [r * 10 + fm for r, row in GRID.items() for fm, group in enumerate(row, start=1) if group in groups]
    since, purchases, spend = (f"v.{values.leaf(leaf, 0, in_retain=True)}" for leaf in (SINCE, PURCHASES, SPEND))
    r = _score(f"(- {since})", scale.recency, values)
    fm = f"(({_score(purchases, scale.frequency, values)} + {_score(spend, scale.monetary, values)} + 1) / 2)"
    return f"({since} IS NOT NULL AND {r} * 10 + {fm} = ANY({values.binder.constant(sorted(cells), 'int[]')}))"


def _score(value: str, thresholds: Sequence[int], values: Values) -> str:
    steps = [f" + ({value} >= {values.binder.constant(step, 'bigint')})::int" for step in thresholds]
    return f"(1{''.join(steps)})"

"""The life-cycle stage of a member (引入, 成长, 成熟, 衰退, 流失) at D as SQL."""

from typing import Final

from tenants.programme.compiler import Values
from tenants.programme.leaves import BoughtLeaf, Leaf, PlainLeaf
from tenants.programme.windows import Lifetime, RollingDays

_RECENT_DAYS: Final = 90
_HABIT: Final = 3
"""From so many purchases on, a member has a rhythm of its own."""
_MANY: Final = 4

SINCE: Final = PlainLeaf(metric="days_since_purchase", gte=0)
PURCHASES: Final = BoughtLeaf(metric="purchases", window=Lifetime(type="lifetime"), gte=1)
SPEND: Final = BoughtLeaf(metric="spend", window=Lifetime(type="lifetime"), gte=1)
"""Of these only the values are taken; a leaf has to have a bound."""


def _spend_of_days(days: int) -> BoughtLeaf:
    return BoughtLeaf(metric="spend", window=RollingDays(type="rolling_days", days=days), gte=1)


class Stages:
    """The first of the stages that fits, with the programme's numbers (`lifecycle`).

    A gap is the days between one day with a purchase and the next such day: tickets of one day are one visit. Their
    median is the middle one, or the mean of the two in the middle, exactly.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._needs: str | None = None  # whose days have to be read: a condition over v

    def stage(self) -> str:
        """The stage as text."""
        rules, binder = self._values.programme.lifecycle, self._values.binder
        since, purchases = self._value(SINCE), self._value(PURCHASES)
        recent, both = (self._value(_spend_of_days(days)) for days in (_RECENT_DAYS, 2 * _RECENT_DAYS))
        day = binder.moment("day", lambda m: m.day, "date")
        new, dormant, lost = (binder.constant(n, "int") for n in (rules.new_days, rules.dormant_days, rules.lost_days))
        factor = binder.constant(rules.slipping_factor, "numeric")
        joined = f"({day} - v.joined_on)"
        self._needs = f"coalesce({since}, {joined}) <= {lost} AND {purchases} > 1"
        return f"""
      (CASE WHEN coalesce({since}, {joined}) > {lost} THEN 'lost'
            WHEN CASE WHEN {purchases} >= {_HABIT} AND h.gap IS NOT NULL THEN {since} > {factor} * h.gap
                      ELSE {since} > {dormant} END THEN 'declining'
            WHEN {since} IS NULL OR {joined} <= {new} OR {since} + coalesce(h.known, 0) <= {new} THEN 'new'
            WHEN {purchases} < {_MANY} OR {recent} * 5 > ({both} - {recent}) * 6 THEN 'growing'
            ELSE 'mature' END)"""

    def cte(self) -> str:
        """`h`: of who bought more than once, the days from the first purchase to the last, and the median gap.

        Nobody else's days are read: who is lost is so without them, and a single purchase is its own first day.
        """
        if self._needs is None:
            return ""
        day = self._values.binder.moment("day", lambda m: m.day, "date")
        return f""",
h AS (
  SELECT d.member_id, max(d.day) - min(d.day) AS known,
         (percentile_cont(0.5) WITHIN GROUP (ORDER BY d.gap))::numeric AS gap
    FROM (SELECT a.member_id, a.day, a.day - lag(a.day) OVER (PARTITION BY a.member_id ORDER BY a.day) AS gap
            FROM member_day a
           WHERE a.tenant_id = $1 AND {self._values.ids.on("a.member_id")} AND a.day <= {day} AND a.purchases > 0
             AND a.member_id IN (SELECT v.id FROM v WHERE {self._needs})) d
   GROUP BY d.member_id)"""

    def join(self) -> str:
        return "" if self._needs is None else "\n  LEFT JOIN h ON h.member_id = v.id"

    def _value(self, leaf: Leaf) -> str:
        return f"v.{self._values.leaf(leaf, 0, in_retain=True)}"

"""The top-ups' measure after one was paid back or undone: summed anew, since a maximum can't be taken back.

A top-up counts on its local day with what is left unrefunded of its principal, for whose wallet it is in now; one of
which nothing is left, or that was undone, counts no more.
"""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.measures.codes import TOP_UP

_TOUCHED: Final = "unnest($2::uuid[], $3::date[]) AS t (member_id, day)"
_DAY: Final = f"""
UPDATE measure_day AS a SET total = n.total, facts = n.facts, most = n.most
  FROM {_TOUCHED} CROSS JOIN LATERAL (
       SELECT coalesce(sum(x.amount), 0) AS total, count(*) AS facts, coalesce(max(x.amount), 0) AS most
         FROM (SELECT f.amount - l.refunded AS amount
                 FROM wallet_lot l JOIN top_up f ON f.tenant_id = $1 AND f.id = l.id AND f.local_day = t.day
                WHERE l.tenant_id = $1 AND l.member_id = t.member_id AND f.amount > l.refunded
                  AND NOT EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = l.id)) x) n
 WHERE a.tenant_id = $1 AND a.member_id = t.member_id AND a.measure = '{TOP_UP}' AND a.day = t.day"""
_MONTH: Final = f"""
UPDATE measure_month AS a SET total = n.total, facts = n.facts, most = n.most
  FROM (SELECT t.member_id, t.month, sum(d.total) AS total, sum(d.facts)::bigint AS facts, max(d.most) AS most
          FROM (SELECT DISTINCT member_id, date_trunc('month', day::timestamp)::date AS month FROM {_TOUCHED}) t
          JOIN measure_day d ON d.tenant_id = $1 AND d.member_id = t.member_id AND d.measure = '{TOP_UP}'
           AND d.day >= t.month AND d.day < (t.month + interval '1 month')::date
         GROUP BY t.member_id, t.month) n
 WHERE a.tenant_id = $1 AND a.member_id = n.member_id AND a.measure = '{TOP_UP}' AND a.month = n.month"""


async def recompute_top_ups(touched: Collection[tuple[UUID, date]]) -> None:
    """Sums the top-ups of these members and local days anew, each pair once; the caller holds the locks and has
    written what changed.
    """
    if touched:
        members, days = zip(*sorted(touched), strict=True)
        for statement in (_DAY, _MONTH):
            await connection().execute(statement, current().tenant_id, members, days)

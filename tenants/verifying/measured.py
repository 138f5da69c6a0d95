"""What tiers are decided by is what the ledgers say: points earned and money paid in, a member and day."""

from typing import Final

from tenants.measures import codes
from tenants.points.book import MEASURED
from tenants.verifying.check import Check

# Sums are of who holds them now, entries of the record that they were made for.
_MEASURED: Final = """
SELECT coalesce(s.member_id, d.member_id) AS id,
       concat_ws(' ', coalesce(s.day, d.day), coalesce(s.total, 0)) AS expected,
       concat_ws(' ', coalesce(s.day, d.day), coalesce(d.total, 0)) AS stored
  FROM (SELECT coalesce(m.merged_into, m.id) AS member_id, f.day, sum(f.amount) AS total
          FROM ({facts}) f JOIN member m ON m.tenant_id = $1 AND m.id = f.member_id GROUP BY 1, 2) s
  FULL JOIN (SELECT member_id, day, total FROM measure_day WHERE tenant_id = $1 AND measure = '{measure}') d
    ON d.member_id = s.member_id AND d.day = s.day
 WHERE coalesce(s.total, 0) <> coalesce(d.total, 0)
 ORDER BY 1, coalesce(s.day, d.day)"""
_KINDS: Final = ", ".join(f"'{kind}'" for kind in MEASURED)
_POINTS: Final = (
    f"SELECT member_id, day, points AS amount FROM points_entry WHERE tenant_id = $1 AND kind IN ({_KINDS})"
)
_TOP_UPS: Final = """
SELECT t.member_id, t.local_day AS day, t.amount - l.refunded AS amount
  FROM top_up t JOIN wallet_lot l ON l.tenant_id = t.tenant_id AND l.id = t.id
 WHERE t.tenant_id = $1 AND NOT EXISTS (
       SELECT FROM top_up_undone u WHERE u.tenant_id = t.tenant_id AND u.top_up_id = t.id)"""
CHECKS: Final = (
    Check("measured-points", "member", _MEASURED.format(facts=_POINTS, measure=codes.POINTS)),
    Check("measured-top-ups", "member", _MEASURED.format(facts=_TOP_UPS, measure=codes.TOP_UP)),
)

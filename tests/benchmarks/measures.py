"""Two years of everything else for a made chain: categories, branches, activities with numbers, referrals, points.

Made from the day rows of its purchases, so that the same size gives the same rows.
"""

from typing import Any, Final

from tests.benchmarks.history import Made

_H: Final = "(hashint8extended(a.spend + (a.day - date '2020-01-01'), 3) & 1048575)"
# Each day with a purchase has one category of three and one branch of four; on every second a class was attended and
# rated 1 to 5; every sixteenth brought a member along; points are a hundredth of the spend, top-ups rare and round.
_DAYS: Final = f"""
INSERT INTO measure_day (tenant_id, member_id, measure, day, total, facts, valued, most)
SELECT a.tenant_id, a.member_id, n.measure, a.day, n.total, n.facts, n.valued, n.most
  FROM member_day a CROSS JOIN LATERAL (VALUES
    ('category:' || (ARRAY['tea', 'ware', 'gift'])[1 + {_H} % 3], a.spend::numeric, a.purchases, 0::bigint, 0::bigint),
    ('branch:' || (ARRAY['a', 'b', 'c', 'd'])[1 + ({_H} >> 8) % 4], a.spend, a.purchases, 0, 0),
    (CASE WHEN {_H} % 2 = 0 THEN 'activity' END, 1 + ({_H} >> 16) % 5, 1, 1, 0),
    (CASE WHEN {_H} % 2 = 0 THEN 'activity:class' END, 1 + ({_H} >> 16) % 5, 1, 1, 0),
    (CASE WHEN {_H} % 16 = 1 THEN 'referral' END, 0, 1, 0, 0),
    (CASE WHEN {_H} % 16 = 3 THEN 'top_up' END, 50000, 1, 0, 50000),
    ('points', a.spend / 100, 0, 0, 0)) AS n (measure, total, facts, valued, most)
 WHERE a.tenant_id = $1 AND n.measure IS NOT NULL"""
_MONTHS: Final = """
INSERT INTO measure_month (tenant_id, member_id, measure, month, total, facts, valued, most)
SELECT tenant_id, member_id, measure, date_trunc('month', day::timestamp), sum(total), sum(facts), sum(valued),
       max(most)
  FROM measure_day WHERE tenant_id = $1 GROUP BY 1, 2, 3, 4"""


async def make_measures(owner: Any, made: Made) -> int:
    """How many day rows were made."""
    await owner.execute("TRUNCATE measure_day, measure_month")
    await owner.execute(_DAYS, made.tenant_id, timeout=3600)
    await owner.execute(_MONTHS, made.tenant_id, timeout=3600)
    for table in ("measure_day", "measure_month"):
        await owner.execute(f"VACUUM (ANALYZE) {table}")
    rows: int = await owner.fetchval("SELECT count(*) FROM measure_day WHERE tenant_id = $1", made.tenant_id)
    return rows

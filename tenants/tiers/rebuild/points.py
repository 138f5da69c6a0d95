"""Points earned, as a rebuild walks them: with the fact that gave them, net of what was taken back, on their own day.

What a campaign or a birthday gave is a fact of its own. Points themselves stay as they were given, whatever tiers a
rebuild makes.
"""

from typing import Final

from tenants.measures import codes

TABLE: Final = """
CREATE TEMP TABLE rebuild_points (
    id uuid NOT NULL DEFAULT uuidv7(), member_id uuid NOT NULL, origin uuid NOT NULL, day date NOT NULL,
    at timestamptz NOT NULL, cause text, total numeric NOT NULL) ON COMMIT DROP"""
_ACCRUED: Final = "'earn', 'top_up', 'activity', 'referral', 'birthday', 'campaign'"
_REVERSED: Final = "'reverse', 'top_up_reverse', 'undo_earn', 'undo_top_up'"
GATHER: Final = f"""
INSERT INTO rebuild_points (member_id, origin, day, at, cause, total)
SELECT h.holder_id, o.id, e.day, min(e.recorded_at),
       max(e.kind) FILTER (WHERE e.kind IN ('campaign', 'birthday')), sum(e.points)
  FROM rebuild_holder h JOIN points_entry e ON e.tenant_id = $1 AND e.member_id = h.id
 CROSS JOIN LATERAL (SELECT coalesce(
       CASE e.kind WHEN 'reverse' THEN (SELECT r.purchase_id FROM refund r
                                         WHERE r.tenant_id = $1 AND r.id = e.source_id)
                   WHEN 'top_up_reverse' THEN (
            SELECT (l.part ->> 0)::uuid FROM wallet_refund w CROSS JOIN LATERAL jsonb_array_elements(w.lots) AS l (part)
             WHERE w.tenant_id = $1 AND w.member_id = e.member_id AND l.part ->> 4 = e.source_id::text LIMIT 1) END,
       CASE WHEN e.kind IN ('referral', 'reverse') THEN (SELECT v.member_id FROM referral_move v
                                                          WHERE v.tenant_id = $1 AND v.id = e.source_id) END,
       e.source_id) AS id) o
 WHERE e.kind IN ({_ACCRUED}, {_REVERSED})
 GROUP BY h.holder_id, o.id, e.day HAVING sum(e.points) <> 0"""
FACTS: Final = """
    SELECT g.member_id, g.day, least(g.at, $2), g.cause, g.origin, '', NULL, false FROM rebuild_points g
     WHERE g.cause IS NOT NULL"""
"""Those that evaluate by themselves, for the union of all facts."""
_OF_A_FACT: Final = "f.member_id = g.member_id AND f.cause_id = g.origin AND f.day = g.day"
OTHERS: Final = f"""
INSERT INTO rebuild_fact (member_id, on_day, part, k, day, at, cause, cause_id, sold)
SELECT g.member_id, g.day, e.part,
       (SELECT coalesce(max(f.k), 0) FROM rebuild_fact f
         WHERE f.member_id = g.member_id AND f.on_day = g.day AND f.part = e.part)
         + row_number() OVER (PARTITION BY g.member_id, g.day ORDER BY g.id),
       g.day, g.at, '{codes.POINTS}', g.id, false
  FROM rebuild_points g
 CROSS JOIN LATERAL (
   SELECT width_bucket(((g.day + 1)::timestamp AT TIME ZONE $1) - interval '1 microsecond', $2::timestamptz[])
     AS part) e
 WHERE NOT EXISTS (SELECT FROM rebuild_fact f WHERE {_OF_A_FACT})"""
"""What belongs to no fact of its day is added at the end of it, and decides nothing. $1: the time zone, $2: the
instants of publishes.
"""
SUMS: Final = f"""
INSERT INTO rebuild_sum (fact_id, measure, total, facts, valued)
SELECT f.cause_id, '{codes.POINTS}', g.total, 0, 0
  FROM rebuild_points g JOIN rebuild_fact f ON {_OF_A_FACT} OR f.cause_id = g.id"""

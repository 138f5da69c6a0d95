"""What the members of a batch did, in the order in which it happened, and their sums, added up step by step.

Two temporary tables hold it for the transaction: `rebuild_fact` has a row a fact, `rebuild_sum` what each fact adds
to measures. A purchase counts with what was not given back of it (nor paid by bonus, unless the rules count that); one
that was wholly given back, or undone, never was. A merged member's facts are its survivor's. `part` counts the
publishes up to a fact, `k` a member's facts on one local day between two of them: step k of a part takes one of each
member.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.measures import codes
from tenants.measures.add import UPSERTS
from tenants.tiers.rebuild import points

_TABLES: Final = """
CREATE TEMP TABLE rebuild_holder (id uuid PRIMARY KEY, holder_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE rebuild_fact (
    member_id uuid NOT NULL, on_day date NOT NULL, part integer NOT NULL, k bigint NOT NULL, day date NOT NULL,
    at timestamptz NOT NULL, cause text NOT NULL, cause_id uuid NOT NULL, amount bigint, sold boolean NOT NULL)
  ON COMMIT DROP;
CREATE TEMP TABLE rebuild_sum (
    fact_id uuid NOT NULL, measure text NOT NULL, total numeric NOT NULL, facts bigint NOT NULL, valued bigint NOT NULL,
    most bigint NOT NULL DEFAULT 0) ON COMMIT DROP"""
_HOLDERS: Final = """
INSERT INTO rebuild_holder (id, holder_id)
SELECT id, id FROM unnest($2::uuid[]) AS x (id)
UNION ALL SELECT m.id, m.merged_into FROM member m WHERE m.tenant_id = $1 AND m.merged_into = ANY ($2)"""

_STANDS: Final = (
    "(p.amount = 0 OR r.refunded IS DISTINCT FROM p.amount)"
    " AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)"
)
_COUNTED: Final = "p.amount - p.uncounted - coalesce(r.refunded - r.uncounted, 0)"
_PURCHASES: Final = """
  FROM rebuild_holder h JOIN purchase p ON p.tenant_id = $1 AND p.member_id = h.id
  LEFT JOIN purchase_refunded r ON r.tenant_id = $1 AND r.purchase_id = p.id"""
# Of a line that bonus paid in part, its counted share of what is left, rounded down (as `refunds.bought` has it).
_COUNTED_OF_LINE: Final = """div(
           ((l.line ->> 'amount')::numeric - coalesce(r.lines[l.n], 0))
             * ((l.line ->> 'amount')::numeric
                - CASE WHEN p.uncounted > 0 THEN coalesce((l.line ->> 'bonus')::numeric, 0) ELSE 0 END),
           nullif((l.line ->> 'amount')::numeric, 0))"""
# Of who was brought: the first purchase that stands, of whatever record it was made with.
_FIRST_BOUGHT: Final = f"""
SELECT min(p.occurred_at) FROM member b JOIN purchase p ON p.tenant_id = $1 AND p.member_id = b.id
  LEFT JOIN purchase_refunded r ON r.tenant_id = $1 AND r.purchase_id = p.id
 WHERE b.tenant_id = $1 AND (b.id = f.member_id OR b.merged_into = f.member_id)
   AND p.local_day = f.counted_on AND {_STANDS}"""
# A top-up counts with what is left of its principal; one that was paid back wholly, or undone, never was.
_TOP_UPS: Final = """
  FROM rebuild_holder h JOIN top_up u ON u.tenant_id = $1 AND u.member_id = h.id
  JOIN wallet_lot w ON w.tenant_id = $1 AND w.id = u.id AND u.amount > w.refunded
 WHERE NOT EXISTS (SELECT FROM top_up_undone x WHERE x.tenant_id = $1 AND x.top_up_id = u.id)"""
# Nothing is decided about an instant to come: a fact dated ahead counts on its day, and is looked at now. At a day's
# first instant, which dates without a time have, an evaluation would look at the day before: it comes just behind it.
# Of opening tiers, one that was put right later, as of the same day or an earlier one, never was. The order of facts of
# one instant is that of their bytes, which any other program has, too.
_FACTS: Final = f"""
INSERT INTO rebuild_fact (member_id, on_day, part, k, day, at, cause, cause_id, amount, sold)
SELECT x.member_id, n.on_day, o.part,
       row_number() OVER (PARTITION BY x.member_id, n.on_day, o.part ORDER BY x.at, x.external_id COLLATE "C", x.id),
       x.day, b.at, x.cause, x.id, x.amount, x.sold
  FROM (
    SELECT h.holder_id AS member_id, p.local_day AS day, least(p.occurred_at, $2) AS at, 'purchase' AS cause, p.id,
           p.external_id, {_COUNTED} AS amount, p.source = 'api' AS sold{_PURCHASES} WHERE {_STANDS}
    UNION ALL
    SELECT h.holder_id, a.local_day, least(a.occurred_at, $2), 'activity', a.id, a.external_id, NULL, false
      FROM rebuild_holder h JOIN activity a ON a.tenant_id = $1 AND a.member_id = h.id
    UNION ALL
    SELECT h.holder_id, u.local_day, least(u.occurred_at, $2), 'top_up', u.id, u.external_id, NULL, false
           {_TOP_UPS}
    UNION ALL{points.FACTS}
    UNION ALL
    SELECT h.holder_id, f.counted_on, least(coalesce(({_FIRST_BOUGHT}), f.recorded_at), $2), 'referral', f.member_id,
           '', NULL, false
      FROM rebuild_holder h JOIN referral f ON f.tenant_id = $1 AND f.referrer_id = h.id
     WHERE f.counted_on IS NOT NULL
    UNION ALL
    SELECT h.holder_id, (c.at AT TIME ZONE $3)::date, c.at, 'act', c.id, '', NULL, false
      FROM rebuild_holder h
      JOIN (SELECT member_id, id, CASE WHEN act = 'opening' THEN since::timestamp AT TIME ZONE $3 ELSE recorded_at END
                   AS at
              FROM tier_act a
             WHERE tenant_id = $1 AND NOT (act = 'opening' AND EXISTS (
               SELECT FROM tier_act b WHERE b.tenant_id = $1 AND b.member_id = a.member_id AND b.ladder = a.ladder
                                        AND b.act = 'opening' AND b.seq > a.seq AND b.since <= a.since))) c
        ON c.member_id = h.id) x
 CROSS JOIN LATERAL (SELECT (x.at AT TIME ZONE $3)::date AS on_day,
                            ((x.at - interval '1 microsecond') AT TIME ZONE $3)::date AS day_before) n
 CROSS JOIN LATERAL (SELECT CASE WHEN n.on_day > n.day_before AND x.cause <> 'act'
                                 THEN x.at + interval '1 microsecond' ELSE x.at END AS at) b
 CROSS JOIN LATERAL (SELECT width_bucket(b.at, $4::timestamptz[]) AS part) o"""
_PAID_IN: Final = f"""
INSERT INTO rebuild_sum (fact_id, measure, total, facts, valued, most)
SELECT u.id, '{codes.TOP_UP}', u.amount - w.refunded, 1, 0, u.amount - w.refunded{_TOP_UPS}"""
_SUMS: Final = f"""
INSERT INTO rebuild_sum (fact_id, measure, total, facts, valued)
SELECT p.id, '{codes.BRANCH}:' || p.branch_id, {_COUNTED}, 1, 0{_PURCHASES} WHERE {_STANDS}
UNION ALL
SELECT p.id, '{codes.CATEGORY}:' || p.category, {_COUNTED}, 1, 0{_PURCHASES}
 WHERE {_STANDS} AND p.lines IS NULL AND p.category IS NOT NULL
UNION ALL
SELECT p.id, '{codes.CATEGORY}:' || (l.line ->> 'category'),
       sum(coalesce({_COUNTED_OF_LINE}, 0)),
       CASE WHEN sum((l.line ->> 'amount')::bigint) = 0
              OR sum((l.line ->> 'amount')::bigint - coalesce(r.lines[l.n], 0)) > 0 THEN 1 ELSE 0 END, 0
  {_PURCHASES}
 CROSS JOIN LATERAL jsonb_array_elements(p.lines) WITH ORDINALITY AS l (line, n)
 WHERE {_STANDS} AND jsonb_typeof(p.lines) = 'array' AND l.line ->> 'category' IS NOT NULL
 GROUP BY p.id, l.line ->> 'category'
UNION ALL
SELECT a.id, k.measure, coalesce(a.value, 0), 1, CASE WHEN a.value IS NULL THEN 0 ELSE 1 END
  FROM rebuild_holder h JOIN activity a ON a.tenant_id = $1 AND a.member_id = h.id
 CROSS JOIN LATERAL (VALUES ('{codes.ACTIVITY}'), ('{codes.ACTIVITY}:' || a.kind)) AS k (measure)
UNION ALL
SELECT f.member_id, '{codes.REFERRAL}', 0, 1, 0
  FROM rebuild_holder h JOIN referral f ON f.tenant_id = $1 AND f.referrer_id = h.id
 WHERE f.counted_on IS NOT NULL"""
_INDEX: Final = (
    "CREATE INDEX ON rebuild_fact (on_day, part, k); CREATE INDEX ON rebuild_sum (fact_id);"
    " ANALYZE rebuild_fact; ANALYZE rebuild_sum"
)
_REBUILT: Final = (
    f"(a.measure ^@ '{codes.BRANCH}:' OR a.measure ^@ '{codes.CATEGORY}:' OR a.measure ^@ '{codes.ACTIVITY}:'"
    f" OR a.measure IN ('{codes.ACTIVITY}', '{codes.REFERRAL}', '{codes.TOP_UP}', '{codes.POINTS}'))"
)
_CLEAR: Final = (
    *(
        f"DELETE FROM {table} AS a WHERE a.tenant_id = $1 AND a.member_id = ANY ($2::uuid[])"
        for table in ("member_total", "member_month", "member_day", "member_tier", "tier_recheck")
    ),
    *(
        f"DELETE FROM {table} AS a WHERE a.tenant_id = $1 AND a.member_id = ANY ($2::uuid[]) AND {_REBUILT}"
        for table in ("measure_month", "measure_day")
    ),
)
_DROP_DECISIONS: Final = "DELETE FROM decision AS k WHERE k.tenant_id = $1 AND k.member_id = ANY ($2::uuid[])"

_ADD: Final = f"""
WITH f AS (SELECT * FROM rebuild_fact WHERE on_day = $2 AND part = $3 AND k = $4),
t AS (INSERT INTO member_total AS a (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
      SELECT $1, f.member_id, f.amount, 1, f.amount, f.day,
             (SELECT p.occurred_at FROM purchase p WHERE p.tenant_id = $1 AND p.id = f.cause_id)
        FROM f WHERE f.cause = 'purchase' ORDER BY f.member_id
      ON CONFLICT (tenant_id, member_id) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase),
         last_day = greatest(a.last_day, excluded.last_day), last_at = greatest(a.last_at, excluded.last_at)),
o AS (INSERT INTO member_month AS a (tenant_id, member_id, month, spend, purchases, max_purchase)
      SELECT $1, f.member_id, date_trunc('month', f.day::timestamp)::date, f.amount, 1, f.amount
        FROM f WHERE f.cause = 'purchase' ORDER BY f.member_id
      ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
d AS (INSERT INTO member_day AS a (tenant_id, member_id, day, spend, purchases, max_purchase)
      SELECT $1, f.member_id, f.day, f.amount, 1, f.amount FROM f WHERE f.cause = 'purchase' ORDER BY f.member_id
      ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
measured AS (
      SELECT f.member_id, s.measure, f.day, s.total, s.facts, s.valued, s.most
        FROM f JOIN rebuild_sum s ON s.fact_id = f.cause_id),{UPSERTS}
SELECT f.member_id, f.at, f.cause, f.cause_id, f.sold FROM f ORDER BY f.member_id"""


@dataclass(frozen=True, slots=True)
class Step:
    """A local day with facts behind the same publishes (`part` of them), and how many the busiest member has."""

    day: date
    part: int
    facts: int


async def gather(members: Sequence[UUID], now: datetime, timezone: str, publishes: Sequence[datetime]) -> list[Step]:
    """Reads the facts of the locked `members` and takes their sums, standings and decisions away. `publishes`: the
    instants from which other rules were in force, in order.

    Answers the days with facts, in order. From here on the sums are what `add` adds.
    """
    tenant_id = current().tenant_id
    await connection().execute(_TABLES)
    await connection().execute(_HOLDERS, tenant_id, members)
    await connection().execute(points.TABLE)
    await connection().execute(points.GATHER, tenant_id)
    await connection().execute(_FACTS, tenant_id, now, timezone, publishes)
    await connection().execute(points.OTHERS, timezone, publishes)
    for statement in (_PAID_IN, _SUMS):
        await connection().execute(statement, tenant_id)
    await connection().execute(points.SUMS)
    await connection().execute(_INDEX)
    for statement in _CLEAR:
        await connection().execute(statement, tenant_id, members)
    records = [row["id"] for row in await connection().fetch("SELECT id FROM rebuild_holder")]
    # Decisions are append-only for the role that everything else runs as.
    await connection().execute("SET LOCAL ROLE rebuilder")
    await connection().execute(_DROP_DECISIONS, tenant_id, records)
    await connection().execute("RESET ROLE")
    rows = await connection().fetch(
        "SELECT on_day, part, max(k) AS facts FROM rebuild_fact GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Step(row["on_day"], row["part"], row["facts"]) for row in rows]


async def add(step: Step, k: int) -> list[asyncpg.Record]:
    """Adds the k-th fact of a step of each member to its sums: member_id, at, cause, cause_id of each, and whether it
    was sold at a till (`sold`).
    """
    return await connection().fetch(_ADD, current().tenant_id, step.day, step.part, k)

"""The statements of a batch of purchases. Their input is a temporary table that goes with the transaction."""

from typing import Final

from tenants.measures.add import UPSERTS
from tenants.numbers import take

TABLE: Final = "import_purchase"
COLUMNS: Final = (
    "member_id",
    "branch_id",
    "external_id",
    "occurred_at",
    "local_day",
    "amount",
    "category",
    "fingerprint",
)

CREATE: Final = """
CREATE TEMP TABLE import_purchase (
    id uuid NOT NULL DEFAULT uuidv7(), member_id uuid NOT NULL, branch_id uuid NOT NULL, external_id text NOT NULL,
    occurred_at timestamptz NOT NULL, local_day date NOT NULL, amount bigint NOT NULL, category text,
    fingerprint bytea NOT NULL
) ON COMMIT DROP"""
ANALYZE: Final = "ANALYZE import_purchase"

# The row's own id tells ours from somebody else's: an EXTERNALS that lost a number is followed by this again.
# Each is looked up by its whole key: of a young chain, which the statistics don't know, the planner takes thousands of
# rows for one, and a join would compare each with each.
DROP_KNOWN: Final = """
DELETE FROM import_purchase d USING (
    SELECT n.id, e.purchase_id, e.fingerprint FROM import_purchase n CROSS JOIN LATERAL (
        SELECT x.purchase_id, x.fingerprint FROM purchase_external x
         WHERE x.tenant_id = $1 AND x.branch_id = n.branch_id AND x.external_id = n.external_id
           AND x.purchase_id <> n.id OFFSET 0) e) e
 WHERE d.id = e.id
RETURNING d.branch_id, d.external_id, d.member_id, e.fingerprint, e.purchase_id"""
WHOSE: Final = "SELECT id, member_id FROM purchase WHERE tenant_id = $1 AND id = ANY ($2)"
DROP_MEMBERS: Final = "DELETE FROM import_purchase WHERE member_id = ANY ($1)"

LOCK: Final = "SELECT id, status FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
CLOCK: Final = (
    "SELECT clock_timestamp() + clock_offset AS now, programme_version, timezone FROM tenant WHERE tenant_id = $1"
)

EXTERNALS: Final = """
INSERT INTO purchase_external AS e (tenant_id, branch_id, external_id, purchase_id, fingerprint)
SELECT $1, branch_id, external_id, id, fingerprint FROM import_purchase ORDER BY branch_id, external_id
ON CONFLICT DO NOTHING"""

# Each member's purchases take its next numbers, in the order in which they happened. What is older than the feed of
# events is history: nobody is told of it sale by sale.
_COUNTED: Final = "(SELECT member_id AS id, count(*) AS n FROM import_purchase GROUP BY member_id)"
PURCHASES: Final = f"""
WITH s AS ({take(_COUNTED, count="c.n")}),
p AS (
INSERT INTO purchase AS p (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,
                           local_day, amount, category, source, programme_version, actor)
SELECT $1, n.id, n.member_id, n.branch_id,
       s.before + row_number() OVER (PARTITION BY n.member_id ORDER BY n.occurred_at, n.external_id, n.branch_id),
       n.external_id, n.occurred_at, $2, n.local_day, n.amount, n.category, 'import', $4, $3
  FROM import_purchase n JOIN s ON s.id = n.member_id
RETURNING p.id, p.member_id, p.branch_id, p.external_id, p.occurred_at, p.amount, p.source)
INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
SELECT $1, 'purchase.recorded', p.member_id, $2, jsonb_build_object(
       'id', p.id, 'branch_id', p.branch_id, 'external_id', p.external_id, 'occurred_at', p.occurred_at,
       'amount', p.amount, 'paid', p.amount, 'points_earned', 0, 'points_redeemed', 0, 'points_balance', NULL,
       'source', p.source)
  FROM p WHERE p.occurred_at >= $2 - interval '30 days' ORDER BY p.occurred_at, p.id"""

TOTAL: Final = """
INSERT INTO member_total AS t (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
SELECT $1, member_id, sum(amount)::bigint, count(*), max(amount), max(local_day), max(occurred_at)
  FROM import_purchase GROUP BY member_id ORDER BY member_id
ON CONFLICT (tenant_id, member_id) DO UPDATE SET
    spend = t.spend + excluded.spend, purchases = t.purchases + excluded.purchases,
    max_purchase = greatest(t.max_purchase, excluded.max_purchase),
    last_day = greatest(t.last_day, excluded.last_day), last_at = greatest(t.last_at, excluded.last_at)"""
MONTH: Final = """
INSERT INTO member_month AS t (tenant_id, member_id, month, spend, purchases, max_purchase)
SELECT $1, member_id, date_trunc('month', local_day::timestamp)::date, sum(amount)::bigint, count(*), max(amount)
  FROM import_purchase GROUP BY 2, 3 ORDER BY 2, 3
ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET
    spend = t.spend + excluded.spend, purchases = t.purchases + excluded.purchases,
    max_purchase = greatest(t.max_purchase, excluded.max_purchase)"""
DAY: Final = """
INSERT INTO member_day AS t (tenant_id, member_id, day, spend, purchases, max_purchase)
SELECT $1, member_id, local_day, sum(amount)::bigint, count(*), max(amount)
  FROM import_purchase GROUP BY 2, 3 ORDER BY 2, 3
ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET
    spend = t.spend + excluded.spend, purchases = t.purchases + excluded.purchases,
    max_purchase = greatest(t.max_purchase, excluded.max_purchase)"""
MEASURES: Final = f"""
WITH measured AS (
    SELECT n.member_id, x.measure, n.local_day AS day, n.amount AS total, 1 AS facts, 0 AS valued, 0::bigint AS most
      FROM import_purchase n
     CROSS JOIN LATERAL (VALUES ('branch:' || n.branch_id), ('category:' || n.category)) AS x (measure)
     WHERE x.measure IS NOT NULL),{UPSERTS}
SELECT"""
AGGREGATES: Final = (TOTAL, MONTH, DAY, MEASURES)

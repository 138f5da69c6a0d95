"""The statements of a batch of points for imported facts."""

from typing import Final

from tenants.imports.opening_sql import AS_EVER, CLOCK, HASHING, LOCK
from tenants.merged import leads_to

__all__ = [
    "ACTIVITIES",
    "ACTIVITIES_FOUND",
    "AS_EVER",
    "CLOCK",
    "CREDIT",
    "HASHING",
    "LOCK",
    "PURCHASES",
    "PURCHASES_FOUND",
]

# The rows' purchases that were imported with this content and have no points yet.
PURCHASES_FOUND: Final = """
SELECT DISTINCT p.id, coalesce(m.merged_into, p.member_id) AS holder_id
  FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::bigint[], $6::text[])
    AS n (branch_id, external_id, occurred_at, amount, category)
  JOIN purchase_external x ON x.tenant_id = $1 AND x.branch_id = n.branch_id AND x.external_id = n.external_id
  JOIN purchase p ON p.tenant_id = $1 AND p.id = x.purchase_id AND p.source = 'import' AND p.amount = n.amount
   AND p.occurred_at = n.occurred_at AND p.category IS NOT DISTINCT FROM n.category
  JOIN member m ON m.tenant_id = $1 AND m.id = p.member_id
 WHERE NOT EXISTS (SELECT FROM purchase_credit c WHERE c.tenant_id = $1 AND c.purchase_id = p.id)"""

# Behind the locks: the same with what is left of each, the tiers held when it was bought, and whose account it is.
# `seq` is the member's next number. Each member's come in the order in which they happened.
PURCHASES: Final = f"""
SELECT p.id, h.id AS holder_id, coalesce(q.seq, 0) + 1 AS seq, p.branch_id, p.local_day, p.amount, p.category,
       a.open, a.debt, coalesce(r.refunded, 0) AS refunded,
       (SELECT jsonb_object_agg(d.ladder, d.to_tier) FILTER (WHERE d.to_rank > 0)
          FROM (SELECT DISTINCT ON (k.ladder) k.ladder, k.to_tier, k.to_rank FROM decision k
                 WHERE k.tenant_id = $1 AND k.member_id = h.id AND k.effective_at < p.occurred_at
                 ORDER BY k.ladder, k.seq DESC) d) AS held
  FROM unnest($2::uuid[]) AS n (id)
  JOIN purchase p ON p.tenant_id = $1 AND p.id = n.id
  JOIN member m ON m.tenant_id = $1 AND m.id = p.member_id
  JOIN member h ON h.tenant_id = $1 AND h.id = {leads_to("m")} AND h.status = 'active'
  LEFT JOIN member_number q ON q.tenant_id = $1 AND q.member_id = h.id
  LEFT JOIN points_account a ON a.tenant_id = $1 AND a.member_id = h.id
  LEFT JOIN purchase_refunded r ON r.tenant_id = $1 AND r.purchase_id = p.id
 WHERE NOT EXISTS (SELECT FROM purchase_credit c WHERE c.tenant_id = $1 AND c.purchase_id = p.id)
 ORDER BY h.id, p.occurred_at, p.external_id, p.id"""
CREDIT: Final = """
INSERT INTO purchase_credit AS c (tenant_id, purchase_id, earning, rate, points, programme_version, recorded_at)
SELECT $1, n.*, $6, $7
  FROM unnest($2::uuid[], $3::bigint[], $4::numeric[], $5::bigint[]) AS n (id, earning, rate, points) ORDER BY n.id"""

# The rows' activities that were imported with this content and have no points yet.
_NO_POINTS: Final = """NOT EXISTS (
    SELECT FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'activity' AND e.source_id = a.id)"""
ACTIVITIES_FOUND: Final = f"""
SELECT a.id, coalesce(m.merged_into, m.id) AS holder_id
  FROM unnest($2::text[], $3::bytea[]) AS n (external_id, fingerprint)
  JOIN activity_external x ON x.tenant_id = $1 AND x.external_id = n.external_id AND x.fingerprint = n.fingerprint
  JOIN activity a ON a.tenant_id = $1 AND a.id = x.activity_id AND a.source = 'import'
  JOIN member m ON m.tenant_id = $1 AND m.id = a.member_id
 WHERE {_NO_POINTS}"""
ACTIVITIES: Final = f"""
SELECT a.id, h.id AS holder_id, coalesce(q.seq, 0) + 1 AS seq, a.branch_id, a.local_day, a.kind, p.open, p.debt
  FROM unnest($2::uuid[]) AS n (id)
  JOIN activity a ON a.tenant_id = $1 AND a.id = n.id
  JOIN member m ON m.tenant_id = $1 AND m.id = a.member_id
  JOIN member h ON h.tenant_id = $1 AND h.id = {leads_to("m")} AND h.status = 'active'
  LEFT JOIN member_number q ON q.tenant_id = $1 AND q.member_id = h.id
  LEFT JOIN points_account p ON p.tenant_id = $1 AND p.member_id = h.id
 WHERE {_NO_POINTS}
 ORDER BY h.id, a.occurred_at, a.external_id, a.id"""

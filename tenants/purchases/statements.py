"""The statements that record a purchase. The benchmark's pgbench script sends the same ones."""

from typing import Final

from tenants.measures.add import UPSERTS

_LOCK: Final = """
WITH l AS (UPDATE member AS m SET seq = m.seq + 1 WHERE m.tenant_id = $1 AND m.id = {member} AND m.status = 'active'
           RETURNING m.id, m.seq, m.referrer_id IS NOT NULL AS brought, clock_timestamp() AS locked_at)
SELECT t.timezone, t.status, t.has_facts, l.id AS member_id, l.seq, l.brought,
       coalesce(l.locked_at, clock_timestamp()) + t.clock_offset AS recorded_at, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN l ON true LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2
 WHERE t.tenant_id = $1"""
LOCK_BY_ID: Final = _LOCK.format(member="$3::uuid")
LOCK_BY_IDENTITY: Final = _LOCK.format(
    member="(SELECT i.member_id FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = $3 AND i.value = $4)"
)

# The version is read here, behind the member's lock: who waited for it is decided by the rules now in force.
_FACT: Final = """
k AS (INSERT INTO purchase_external AS x (tenant_id, branch_id, external_id, purchase_id, fingerprint)
      VALUES ($1, $2, $3, uuidv7(), $4) ON CONFLICT DO NOTHING
      RETURNING x.purchase_id AS id,
                (SELECT t.programme_version FROM tenant t WHERE t.tenant_id = $1) AS programme_version),
p AS (INSERT INTO purchase AS p (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,
                                 local_day, amount, lines, tenders, sold_by, source, programme_version, actor)
      SELECT $1, k.id, $5::uuid, $2, $6::bigint, $3, $7, $8, $9::date, $10::bigint, $11, $12, $13, 'api',
             CASE WHEN $5::uuid IS NOT NULL THEN k.programme_version END, $14
        FROM k)"""
RECORD: Final = f"WITH {_FACT} SELECT k.id FROM k"
RECORD_FOR_MEMBER: Final = f"""WITH {_FACT},
t AS (INSERT INTO member_total AS a (tenant_id, member_id, spend, purchases, max_purchase, last_day)
      SELECT $1, $5, $10, 1, $10, $9 FROM k
      ON CONFLICT (tenant_id, member_id) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase),
         last_day = greatest(a.last_day, excluded.last_day)),
o AS (INSERT INTO member_month AS a (tenant_id, member_id, month, spend, purchases, max_purchase)
      SELECT $1, $5, date_trunc('month', $9::date::timestamp)::date, $10, 1, $10 FROM k
      ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
d AS (INSERT INTO member_day AS a (tenant_id, member_id, day, spend, purchases, max_purchase)
      SELECT $1, $5, $9, $10, 1, $10 FROM k
      ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
measured AS (
      SELECT $5::uuid AS member_id, n.measure, $9::date AS day, n.total, 1 AS facts, 0 AS valued, 0::bigint AS most
        FROM k CROSS JOIN unnest($15::text[], $16::bigint[]) AS n (measure, total)),{UPSERTS}
SELECT k.id, k.programme_version, $17::boolean AND NOT EXISTS (
           SELECT FROM member_day f WHERE f.tenant_id = $1 AND f.member_id = $5 AND f.day <= $9 AND f.purchases > 0
       ) AS is_first FROM k"""
"""`is_first`: no purchase that stands was on an earlier day, or on this one; asked where the member was brought."""

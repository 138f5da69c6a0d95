"""The statements of a batch of opening balances."""

from typing import Final

LOCK: Final = "SELECT id, status FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
CLOCK: Final = (
    "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"
)

# The planner takes a batch's rows for a handful and would compare each with each (5,000 rows: 16 s → 0.3 s).
HASHING: Final = "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'"
AS_EVER: Final = "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT"

# What was taken over last, whether from this very file (read by an earlier import or an earlier batch), and what
# staff have set by hand since.
KNOWN: Final = """
SELECT x.member_id, x.ladder, a.tier, a.since, coalesce(a.same_file, false) AS same_file, s.locked_until
  FROM unnest($2::uuid[], $3::text[]) AS x (member_id, ladder)
  LEFT JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = x.member_id AND s.ladder = x.ladder
  LEFT JOIN LATERAL (
    SELECT a.tier, a.since, r.fingerprint = (SELECT i.fingerprint FROM import_run i
                                              WHERE i.tenant_id = $1 AND i.id = $4) AS same_file
      FROM tier_act a LEFT JOIN import_run r ON r.tenant_id = a.tenant_id AND r.id = a.import_id
     WHERE a.tenant_id = $1 AND a.member_id = x.member_id AND a.ladder = x.ladder AND a.act = 'opening'
     ORDER BY a.seq DESC LIMIT 1) a ON true"""

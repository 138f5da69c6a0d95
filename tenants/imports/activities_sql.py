"""The statements of a batch of activities. Their input is a temporary table that goes with the transaction."""

from typing import Final

from tenants.measures.add import UPSERTS
from tenants.measures.codes import ACTIVITY
from tenants.numbers import take

TABLE: Final = "import_activity"
COLUMNS: Final = (
    "member_id",
    "branch_id",
    "external_id",
    "kind",
    "occurred_at",
    "local_day",
    "value",
    "fingerprint",
)

CREATE: Final = """
CREATE TEMP TABLE import_activity (
    id uuid NOT NULL DEFAULT uuidv7(), member_id uuid NOT NULL, branch_id uuid, external_id text NOT NULL,
    kind text NOT NULL, occurred_at timestamptz NOT NULL, local_day date NOT NULL, value numeric,
    fingerprint bytea NOT NULL
) ON COMMIT DROP"""
ANALYZE: Final = "ANALYZE import_activity"

# No joins: of a young chain, which the statistics don't know, the planner takes thousands of rows for one, and would
# compare each with each (200 rows among 1,000: 420,000 were looked at).
KNOWN: Final = """
SELECT external_id, fingerprint, activity_id FROM activity_external WHERE tenant_id = $1 AND external_id = ANY ($2)"""
# The row's own id tells ours from somebody else's.
DROP_KNOWN: Final = """
DELETE FROM import_activity d USING (
    SELECT n.id, e.activity_id, e.fingerprint FROM import_activity n CROSS JOIN LATERAL (
        SELECT x.activity_id, x.fingerprint FROM activity_external x
         WHERE x.tenant_id = $1 AND x.external_id = n.external_id AND x.activity_id <> n.id OFFSET 0) e) e
 WHERE d.id = e.id
RETURNING d.external_id, e.fingerprint, e.activity_id"""
WHOSE: Final = "SELECT id, member_id FROM activity WHERE tenant_id = $1 AND id = ANY ($2)"

LOCK: Final = "SELECT id, status FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
CONSENTING: Final = (
    "SELECT member_id FROM member_consent WHERE tenant_id = $1 AND member_id = ANY ($2) AND channel = 'health'"
)
CLOCK: Final = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"

EXTERNALS: Final = """
INSERT INTO activity_external AS e (tenant_id, external_id, activity_id, fingerprint)
SELECT $1, external_id, id, fingerprint FROM import_activity ORDER BY external_id
ON CONFLICT DO NOTHING"""

# Each member's activities take its next numbers, in the order in which they happened.
_COUNTED: Final = "(SELECT member_id AS id, count(*) AS n FROM import_activity GROUP BY member_id)"
ACTIVITIES: Final = f"""
WITH s AS ({take(_COUNTED, count="c.n")})
INSERT INTO activity AS a (tenant_id, id, member_id, branch_id, seq, kind, external_id, occurred_at, recorded_at,
                           local_day, value, programme_version, source, actor)
SELECT $1, n.id, n.member_id, n.branch_id,
       s.before + row_number() OVER (PARTITION BY n.member_id ORDER BY n.occurred_at, n.external_id),
       n.kind, n.external_id, n.occurred_at, $2, n.local_day, n.value, t.programme_version, 'import', $3
  FROM import_activity n JOIN s ON s.id = n.member_id JOIN tenant t ON t.tenant_id = $1"""

MEASURES: Final = f"""
WITH measured AS (
    SELECT n.member_id, c.measure, n.local_day AS day, coalesce(sum(n.value), 0) AS total, count(*) AS facts,
           count(n.value) AS valued, 0::bigint AS most
      FROM import_activity n CROSS JOIN LATERAL (VALUES ('{ACTIVITY}'), ('{ACTIVITY}:' || n.kind)) AS c (measure)
     GROUP BY 1, 2, 3),{UPSERTS}
SELECT"""

"""The statements of a batch of members. Their input is a temporary table that goes with the transaction.

Rules read `joined_on`, so a member's other joining day is a fact: it takes a number of the member's and an audit row
with the day that held before, by the same statement.
"""

from typing import Final

TABLE: Final = "import_member"
COLUMNS: Final = (
    "id",
    "external_id",
    "phone",
    "card_no",
    "name",
    "birthday",
    "gender",
    "joined_on",
    "branch_id",
)

LOCK: Final = (
    f"SELECT {', '.join(COLUMNS)} FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
)

CREATE: Final = """
CREATE TEMP TABLE import_member (
    id uuid NOT NULL, external_id text, phone text, card_no text, name text, birthday date, gender text,
    joined_on date NOT NULL, branch_id uuid
) ON COMMIT DROP"""

LOG_JOINED: Final = """
INSERT INTO audit AS a (tenant_id, actor, action, target, detail, request_id)
SELECT $1, $2, 'member.joined_on', 'member:' || c.id,
       jsonb_build_object('from', c.before, 'to', c.after, 'import', $3::uuid), $4
  FROM changed c WHERE c.before <> c.after ORDER BY c.id"""
"""Follows `WITH changed AS (… RETURNING m.id, old.joined_on AS before, m.joined_on AS after)`. Parameters: the tenant,
the import's actor, the import, the request.
"""

UPDATE: Final = f"""
WITH changed AS (
UPDATE member AS m SET external_id = n.external_id, phone = n.phone, card_no = n.card_no, name = n.name,
       birthday = n.birthday, gender = n.gender, joined_on = n.joined_on, branch_id = n.branch_id,
       revision = m.revision + 1, seq = m.seq + 1
  FROM import_member n
 WHERE m.tenant_id = $1 AND m.id = n.id
   AND (m.external_id, m.phone, m.card_no, m.name, m.birthday, m.gender, m.joined_on, m.branch_id)
       IS DISTINCT FROM
       (n.external_id, n.phone, n.card_no, n.name, n.birthday, n.gender, n.joined_on, n.branch_id)
RETURNING m.id, old.joined_on AS before, m.joined_on AS after
){LOG_JOINED}"""

INSERT: Final = """
INSERT INTO member AS m (tenant_id, id, external_id, phone, card_no, name, birthday, gender, joined_on, branch_id,
                         source, enrolled_by, created_at)
SELECT $1, n.id, n.external_id, n.phone, n.card_no, n.name, n.birthday, n.gender, n.joined_on, n.branch_id,
       'import', $3, $4
  FROM import_member n WHERE n.id = ANY ($2) ORDER BY n.id"""

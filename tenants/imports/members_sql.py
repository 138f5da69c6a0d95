"""The statements of a batch of members. Their input is a temporary table that goes with the transaction."""

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

UPDATE: Final = """
UPDATE member AS m SET external_id = n.external_id, phone = n.phone, card_no = n.card_no, name = n.name,
       birthday = n.birthday, gender = n.gender, joined_on = n.joined_on, branch_id = n.branch_id,
       revision = m.revision + 1, seq = m.seq + 1
  FROM import_member n
 WHERE m.tenant_id = $1 AND m.id = n.id
   AND (m.external_id, m.phone, m.card_no, m.name, m.birthday, m.gender, m.joined_on, m.branch_id)
       IS DISTINCT FROM
       (n.external_id, n.phone, n.card_no, n.name, n.birthday, n.gender, n.joined_on, n.branch_id)"""

INSERT: Final = """
INSERT INTO member AS m (tenant_id, id, external_id, phone, card_no, name, birthday, gender, joined_on, branch_id,
                         source, enrolled_by, created_at)
SELECT $1, n.id, n.external_id, n.phone, n.card_no, n.name, n.birthday, n.gender, n.joined_on, n.branch_id,
       'import', $3, $4
  FROM import_member n WHERE n.id = ANY ($2) ORDER BY n.id"""

"""The statements of a batch of members. Their input is a temporary table that goes with the transaction.

Rules read `joined_on`, so a member's other joining day is a fact: it takes a number of the member's, a row among its
changes and an audit row with the day that held before, by the same statement. Of phones the history is kept likewise.
"""

from typing import Final

from tenants.numbers import take

TABLE: Final = "import_member"
COLUMNS: Final = (
    "id",
    "external_id",
    "phone",
    "card_no",
    "name",
    "kind",
    "birthday",
    "birthday_calendar",
    "gender",
    "joined_on",
    "branch_id",
)
COPIED: Final = (*COLUMNS, "kept_on", "touched")
"""`touched`: tags or attributes change, whatever else does."""

LOCK: Final = (
    f"SELECT {', '.join(COLUMNS)} FROM member WHERE tenant_id = $1 AND id = ANY ($2) AND status = 'active'"
    " ORDER BY id FOR NO KEY UPDATE"
)

CREATE: Final = """
CREATE TEMP TABLE import_member (
    id uuid NOT NULL, external_id text, phone text, card_no text, name text, kind text NOT NULL, birthday date,
    birthday_calendar text NOT NULL, kept_on smallint, gender text, joined_on date NOT NULL,
    branch_id uuid, touched boolean NOT NULL
) ON COMMIT DROP"""

_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1)"
_FACT: Final = f"""
INSERT INTO profile_change AS f (tenant_id, member_id, seq, field, before, after, recorded_at, actor)
SELECT $1, c.id, c.seq, '{{field}}', to_jsonb(c.{{before}}), to_jsonb(c.{{after}}), {_NOW}, $2
  FROM changed c WHERE c.{{before}} IS DISTINCT FROM c.{{after}} ORDER BY c.id"""

NUMBERED: Final = f"""
numbers AS ({take("given")}),
changed AS (SELECT g.*, q.seq FROM given g JOIN numbers q ON q.id = g.id)"""
"""Follows `WITH given AS (UPDATE member … RETURNING m.id, …)`: the same with the number that each takes."""

LOG_JOINED: Final = f""",
joined AS ({_FACT.format(field="joined_on", before="before", after="after")})
INSERT INTO audit AS a (tenant_id, actor, action, target, detail, request_id)
SELECT $1, $2, 'member.joined_on', 'member:' || c.id,
       jsonb_build_object('from', c.before, 'to', c.after, 'import', $3::uuid), $4
  FROM changed c WHERE c.before <> c.after ORDER BY c.id"""
"""Follows `NUMBERED` over rows with id, before and after (`joined_on`). Parameters: the tenant, the import's actor, the
import, the request.
"""

_FIELDS: Final = ", ".join(
    f"CASE WHEN old.{name} IS DISTINCT FROM m.{name} THEN '{name}' END" for name in sorted(COLUMNS) if name != "id"
)
UPDATE: Final = f"""
WITH given AS (
UPDATE member AS m SET external_id = n.external_id, phone = n.phone, card_no = n.card_no, name = n.name, kind = n.kind,
       birthday = n.birthday, birthday_calendar = n.birthday_calendar, kept_on = n.kept_on, gender = n.gender,
       joined_on = n.joined_on, branch_id = n.branch_id, revision = m.revision + 1,
       is_returning = m.is_returning OR n.phone IS DISTINCT FROM m.phone AND coalesce(n.phone = ANY ($5::text[]), false)
  FROM import_member n
 WHERE m.tenant_id = $1 AND m.id = n.id
   AND (n.touched OR
        (m.external_id, m.phone, m.card_no, m.name, m.kind, m.birthday, m.birthday_calendar, m.gender, m.joined_on,
         m.branch_id)
        IS DISTINCT FROM
        (n.external_id, n.phone, n.card_no, n.name, n.kind, n.birthday, n.birthday_calendar, n.gender, n.joined_on,
         n.branch_id))
RETURNING m.id, old.joined_on AS before, m.joined_on AS after, old.phone AS phone_before, m.phone AS phone_after,
          array_remove(ARRAY[{_FIELDS}, CASE WHEN n.touched THEN 'attributes' END, CASE WHEN n.touched THEN 'tags' END],
                       NULL) AS fields
),{NUMBERED},
told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'member.updated', c.id, {_NOW}, jsonb_build_object('fields', c.fields) FROM changed c ORDER BY c.id),
phones AS ({_FACT.format(field="phone", before="phone_before", after="phone_after")}){LOG_JOINED}"""

CREATED: Final = """
told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'member.created', m.id, m.created_at, jsonb_build_object('joined_on', m.joined_on, 'kind', m.kind,
           'branch_id', m.branch_id, 'referrer_id', m.referrer_id, 'source', m.source) FROM made m ORDER BY m.id)
SELECT"""
"""Follows `WITH made AS (INSERT INTO member … RETURNING m.*)`: each is an event."""

INSERT: Final = f"""
WITH made AS (
INSERT INTO member AS m (tenant_id, id, external_id, phone, card_no, name, kind, birthday, birthday_calendar,
                         kept_on, gender, joined_on, branch_id, source, enrolled_by, created_at, is_returning)
SELECT $1, n.id, n.external_id, n.phone, n.card_no, n.name, n.kind, n.birthday, n.birthday_calendar, n.kept_on,
       n.gender, n.joined_on, n.branch_id, 'import', $3, $4, coalesce(n.phone = ANY ($5::text[]), false)
  FROM import_member n WHERE n.id = ANY ($2) ORDER BY n.id RETURNING m.*),{CREATED}"""

"""A person asks to be forgotten: personal data goes from every table, facts stay under an id that names nobody.

Gone are the profile of the member and of every record merged into it, identifiers, attributes, tags, former phones,
what activities noted, free texts of staff about it, and what imports and kept answers quote of it. Of consents stay
channel and time. Of the phone stays a keyed hash (`tenants.members.returning`).

Whoever is owed money is not erased: with stored value, passes and points as payment comes a refusal in
`erase_member`, before anything is taken away.
"""

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import asyncpg
from phonenumbers import parse

from saas.problem_details import render
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.members.consents import CHANNELS, withdraw
from tenants.members.identities import PHONE, identities_of
from tenants.members.leaving import close_locked
from tenants.members.returning import remember_erased
from tenants.members.row import lock_member, member_row
from tenants.members.whereabouts import united

_NAMED: Final = (
    "SELECT phone, name, external_id, card_no FROM member WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"
)
# What any version of the rules called a health measurement.
_HEALTH: Final = (
    "SELECT jsonb_array_elements_text(v.document -> 'health_kinds') FROM programme_version AS v WHERE v.tenant_id = $1"
)
# A sum of one measurement is that measurement, so the sums go too.
_FORGET: Final = (
    """
UPDATE member AS m
   SET phone = NULL, name = NULL, external_id = NULL, card_no = NULL, birthday = NULL, gender = NULL, branch_id = NULL,
       status = CASE m.status WHEN 'merged' THEN 'merged' ELSE 'erased' END, revision = m.revision + 1
 WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[])
""",
    "DELETE FROM member_attribute AS a WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[])",
    "DELETE FROM member_tag AS t WHERE t.tenant_id = $1 AND t.member_id = ANY($2::uuid[])",
    # joined_on and referrer are read by rules, and name nobody once the person is gone.
    """
UPDATE profile_change AS c SET before = NULL, after = NULL
 WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[]) AND c.field NOT IN ('joined_on', 'referrer_id')
""",
    f"""
UPDATE activity AS a SET data = NULL, value = CASE WHEN a.kind IN ({_HEALTH}) THEN NULL ELSE a.value END
 WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[]) AND (a.data IS NOT NULL OR a.kind IN ({_HEALTH}))
""",
    *(
        f"""
UPDATE {table} AS a SET total = 0, valued = 0
 WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[])
   AND (a.measure = 'activity' OR a.measure IN (SELECT 'activity:' || h.kind FROM ({_HEALTH}) AS h (kind)))
"""
        for table in ("measure_day", "measure_month")
    ),
    (
        "UPDATE tier_act AS a SET reason = NULL WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[])"
        " AND a.reason IS NOT NULL"
    ),
    (
        "UPDATE refund AS r SET reason = NULL WHERE r.tenant_id = $1 AND r.member_id = ANY($2::uuid[])"
        " AND r.reason IS NOT NULL"
    ),
)
# What a bad row of a file quotes: a number however it was written, or a text with the name in it.
_FORGET_QUOTES: Final = """
UPDATE import_error AS e SET value = NULL
 WHERE e.tenant_id = $1 AND e.value IS NOT NULL
   AND (EXISTS (SELECT FROM unnest($2::text[]) AS n (text) WHERE strpos(e.value, n.text) > 0)
        OR EXISTS (SELECT FROM unnest($3::text[]) AS n (digits)
                    WHERE strpos(regexp_replace(e.value, '[^0-9]', '', 'g'), n.digits) > 0))
"""
# Answers are kept for a day, for repeats of their requests; one that shows the person is replaced by a refusal.
_FORGET_ANSWERS: Final = """
UPDATE idempotency AS i SET status = $4, head = $5, body = $6
 WHERE i.tenant_id = $1 AND i.body IS NOT NULL
   AND EXISTS (SELECT FROM unnest($2::bytea[]) AS n (id) WHERE position(n.id IN i.body) > 0)
   AND EXISTS (SELECT FROM unnest($3::bytea[]) AS n (text) WHERE position(n.text IN i.body) > 0)
"""


async def erase_member(member_id: UUID) -> asyncpg.Record:
    """Erases the member that the id leads to, and what was merged into it; who hasn't left leaves first. Returns the
    row that stays. Erasing again changes nothing.

    Raises DomainError `not-found`.
    """
    member = await lock_member(member_id)
    if member["status"] == "erased":
        return member
    root: UUID = member["id"]
    chain = await united(root)
    texts, phones = await _named(root, chain)
    if member["status"] == "active":
        await close_locked(member)
    for one in chain:
        await withdraw(one, CHANNELS, member["locked_at"], "erasing")
    for statement in _FORGET:
        await connection().execute(statement, current().tenant_id, chain)
    await _forget_quotes(chain, texts, phones)
    await remember_erased(sorted(phones))
    await record("member.erase", f"member:{root}", {"records": len(chain)})
    return await member_row(root)


async def _named(root: UUID, chain: list[UUID]) -> tuple[set[str], set[str]]:
    """Every text that names the person, and which of them are phones (E.164)."""
    rows = await connection().fetch(_NAMED, current().tenant_id, chain)
    led = await identities_of(root)
    phones = {row["phone"] for row in rows} | {value for kind, value in led if kind == PHONE}
    texts = {text for row in rows for text in row.values()} | {value for _, value in led} | phones
    return texts - {None}, phones - {None}


async def _forget_quotes(chain: list[UUID], texts: Iterable[str], phones: Iterable[str]) -> None:
    digits = [str(parse(phone, None).national_number) for phone in phones]
    await connection().execute(_FORGET_QUOTES, current().tenant_id, list(texts), digits)
    status, headers, body = render("member-closed")
    head: Any = [[key.decode("latin-1"), value.decode("latin-1")] for key, value in headers]
    await connection().execute(
        _FORGET_ANSWERS,
        current().tenant_id,
        [str(one).encode() for one in chain],
        [text.encode() for text in texts],
        status,
        json.dumps(head).encode(),
        body,
    )

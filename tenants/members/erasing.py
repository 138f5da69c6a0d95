"""A person asks to be forgotten: personal data goes from every table, facts stay under an id that names nobody.

Gone are the profile of the member and of every record merged into it, identifiers, attributes, tags, former phones,
what activities noted, free texts of staff about it, what imports and kept answers quote of it, and the files that are
still there: those sent by the import pages, and exports of the whole chain. Of consents stay channel and time. Of the
phone stays a keyed hash (`tenants.members.returning`).

Whoever is owed money is not erased: `erase_member` refuses before anything is taken away.
"""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg
from phonenumbers import parse

from saas.file_store import file_store
from saas.outbox import enqueue
from saas.problem_details import render
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.cards.keeping import forget_cards
from tenants.events.emit import emit
from tenants.measures.codes import ACTIVITY
from tenants.members.consents import CHANNELS, withdraw
from tenants.members.identities import PHONE, identities_of
from tenants.members.leaving import close_locked
from tenants.members.owed import require_nothing_owed
from tenants.members.returning import remember_erased
from tenants.members.row import lock_member, member_row
from tenants.members.whereabouts import united
from tenants.messages.listing import forget_letters, stop_messages

EXPORTS_FORGOTTEN: Final = "export.forget"
"""The job that takes away files of the whole chain, which hold the person, too (`tenants.exports.jobs`)."""

_WRITTEN: Final = "SELECT EXISTS (SELECT FROM export WHERE tenant_id = $1 AND (file IS NOT NULL OR ended_at IS NULL))"
_NAMED: Final = (
    "SELECT phone, name, external_id, card_no FROM member WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"
)
_FORMER_PHONES: Final = """
SELECT n.phone FROM profile_change AS c
 CROSS JOIN LATERAL (VALUES (c.before #>> '{}'), (c.after #>> '{}')) AS n (phone)
 WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[]) AND c.field = 'phone' AND n.phone IS NOT NULL
"""
# What any version of the rules called a health measurement.
_HEALTH: Final = (
    "SELECT jsonb_array_elements_text(v.document -> 'health_kinds') FROM programme_version AS v WHERE v.tenant_id = $1"
)
_HEALTH_MEASURES: Final = f"SELECT '{ACTIVITY}:' || h.kind FROM ({_HEALTH}) AS h (kind)"
# A sum of one measurement is that measurement, so the sums go too: of each kind, and from those of all kinds.
_FORGET: Final = (
    """
UPDATE member AS m
   SET phone = NULL, name = NULL, external_id = NULL, card_no = NULL, birthday = NULL, birthday_calendar = 'solar',
       kept_on = NULL, gender = NULL, branch_id = NULL,
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
        statement.format(table=table, day=day)
        for table, day in (("measure_day", "day"), ("measure_month", "month"))
        for statement in (
            f"""
UPDATE {{table}} AS a SET total = a.total - h.total, valued = a.valued - h.valued
  FROM (SELECT k.member_id, k.{{day}}, sum(k.total) AS total, sum(k.valued)::bigint AS valued FROM {{table}} AS k
         WHERE k.tenant_id = $1 AND k.member_id = ANY($2::uuid[]) AND k.measure IN ({_HEALTH_MEASURES})
         GROUP BY k.member_id, k.{{day}}) AS h
 WHERE a.tenant_id = $1 AND a.member_id = h.member_id AND a.{{day}} = h.{{day}} AND a.measure = '{ACTIVITY}'
""",
            f"""
UPDATE {{table}} AS a SET total = 0, valued = 0
 WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[]) AND a.measure IN ({_HEALTH_MEASURES})
""",
        )
    ),
    (
        "UPDATE tier_act AS a SET reason = NULL WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[])"
        " AND a.reason IS NOT NULL"
    ),
    (
        "UPDATE refund AS r SET reason = NULL WHERE r.tenant_id = $1 AND r.member_id = ANY($2::uuid[])"
        " AND r.reason IS NOT NULL"
    ),
    *(
        f"UPDATE {table} AS r SET reason = NULL WHERE r.tenant_id = $1 AND r.member_id = ANY($2::uuid[])"
        " AND r.reason IS NOT NULL"
        for table in (
            "points_entry",
            "points_act",
            "wallet_entry",
            "wallet_refund",
            "pass_entry",
            "coupon_entry",
            "purchase_undone",
            "top_up_undone",
        )
    ),
    """
UPDATE task_act AS a SET note = NULL FROM task AS t
 WHERE t.tenant_id = $1 AND t.member_id = ANY($2::uuid[]) AND a.tenant_id = $1 AND a.task_id = t.id
   AND a.note IS NOT NULL
""",
)
# What a bad row of a file quotes, all of it where one cell names the person: by a phone however it was written, by
# another number, or by a text with the name in it. A short text is the person's only where it is the whole cell.
_FORGET_QUOTES: Final = """
UPDATE import_error AS e SET value = NULL
  FROM (SELECT DISTINCT q.import_id, q.line FROM import_error AS q
         WHERE q.tenant_id = $1 AND q.value IS NOT NULL
           AND (btrim(q.value) = ANY($2::text[])
                OR EXISTS (SELECT FROM unnest($3::text[]) AS n (name) WHERE strpos(q.value, n.name) > 0)
                OR EXISTS (SELECT FROM unnest($4::text[]) AS n (digits)
                            WHERE strpos(regexp_replace(q.value, '[^0-9]', '', 'g'), n.digits) > 0))) AS row
 WHERE e.tenant_id = $1 AND e.import_id = row.import_id AND e.line = row.line AND e.value IS NOT NULL
"""
_SHORT_NAME: Final = 1
# A number stands in a file in as many ways as people write it, so a file that came before isn't searched: it goes.
_FORGET_UPLOADS: Final = "DELETE FROM import_upload AS u WHERE u.tenant_id = $1 RETURNING u.file"
# Answers are kept for a day, for repeats of their requests; one that shows the person is replaced by a refusal.
_FORGET_ANSWERS: Final = """
UPDATE idempotency AS i SET status = $4, head = $5, body = $6
 WHERE i.tenant_id = $1 AND i.body IS NOT NULL
   AND EXISTS (SELECT FROM unnest($2::bytea[]) AS n (id) WHERE position(n.id IN i.body) > 0)
   AND EXISTS (SELECT FROM unnest($3::bytea[]) AS n (part) WHERE position(n.part IN i.body) > 0)
"""
_PERSONAL: Final = (
    b'"enrolled_by":',
    b'"candidates":',
    b'"hidden":',
    b'"purchase_id":',
    b'"cooling_off":',
    b'"proof":',
    b'"pass_id":',
    b'"undone_at":"',
    b'"last_note":',
)
"""Parts of answers that show more than an id: a member under whatever name it had then, those who share a phone, an
activity's notes and numbers, why money was given back or an entry undone, a card's number, what was said on the phone.
"""


async def erase_member(member_id: UUID) -> asyncpg.Record:
    """Erases the member that the id leads to, and what was merged into it; who hasn't left leaves first. Returns the
    row that stays. Erasing again changes nothing.

    A chain that is suspended can still do this: a person's right doesn't wait for the chain's bills.

    Raises DomainError `not-found`, `money-owed`.
    """
    member = await lock_member(member_id)
    if member["status"] == "erased":
        return member
    root: UUID = member["id"]
    chain = await united(root)
    await require_nothing_owed(root, chain)
    named = await _named(root, chain)
    if member["status"] == "active":
        await close_locked(member)
    for one in chain:
        await withdraw(one, CHANNELS, member["locked_at"], "erasing")
    for statement in _FORGET:
        await connection().execute(statement, current().tenant_id, chain)
    await forget_cards(chain)
    await stop_messages(chain)
    await forget_letters(chain)
    await _forget_quotes(named)
    await _forget_answers(chain)
    await _forget_uploads()
    await remember_erased(sorted(named.phones))
    if await connection().fetchval(_WRITTEN, current().tenant_id):
        await enqueue(EXPORTS_FORGOTTEN, {})
    await emit("member.erased", {}, member_id=root, at=member["locked_at"])
    await record("member.erase", f"member:{root}", {"records": len(chain)})
    return await member_row(root)


@dataclass(frozen=True, slots=True)
class _Named:
    """Every text that names the person, under all its records. `phones` (E.164) are those of today, `former` others."""

    names: set[str]
    numbers: set[str]
    phones: set[str]
    former: set[str]


async def _named(root: UUID, chain: list[UUID]) -> _Named:
    rows = await connection().fetch(_NAMED, current().tenant_id, chain)
    led = await identities_of(root)
    phones = {row["phone"] for row in rows} | {value for kind, value in led if kind == PHONE}
    numbers = {row[column] for row in rows for column in ("external_id", "card_no")} | {value for _, value in led}
    former = {row["phone"] for row in await connection().fetch(_FORMER_PHONES, current().tenant_id, chain)}
    return _Named({row["name"] for row in rows} - {None}, numbers - {None}, phones - {None}, former)


async def _forget_quotes(named: _Named) -> None:
    long = [name for name in named.names if len(name) > _SHORT_NAME]
    digits = [str(parse(phone, None).national_number) for phone in named.phones | named.former]
    await connection().execute(_FORGET_QUOTES, current().tenant_id, [*named.numbers, *named.names], long, digits)


async def _forget_uploads() -> None:
    """Files that were sent and not imported yet, or whose bad rows can still be fetched. Should we die before they are
    deleted, the daily sweep finds that nothing leads to them.
    """
    scope = current()
    for row in await connection().fetch(_FORGET_UPLOADS, scope.tenant_id):
        scope.after_commit.append(partial(file_store().delete, scope.tenant_id, row["file"]))


async def _forget_answers(chain: list[UUID]) -> None:
    status, headers, body = render("member-closed")
    head: Any = [[key.decode("latin-1"), value.decode("latin-1")] for key, value in headers]
    await connection().execute(
        _FORGET_ANSWERS,
        current().tenant_id,
        [str(one).encode() for one in chain],
        list(_PERSONAL),
        status,
        json.dumps(head).encode(),
        body,
    )

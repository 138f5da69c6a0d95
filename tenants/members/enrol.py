"""Enrolling members."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError
from saas.sandboxed import require_room
from saas.scope import connection, current
from tenants.branches.branch import require_branch
from tenants.members.attributes import check_attributes, write_attributes
from tenants.members.birthdays import kept_on
from tenants.members.bodies import NewMember
from tenants.members.consents import write_consents
from tenants.members.eligibility import require_eligible
from tenants.members.identities import CARD, EXTERNAL_ID, PHONE, UNIONID, claim, openid_kind
from tenants.members.referrers import require_referrer
from tenants.members.returning import WAS_MEMBER, hashes_of
from tenants.members.row import COLUMNS
from tenants.members.tags import write_tags
from tenants.members.terms import Terms
from tenants.referrals.counting import referrer_changed
from tenants.triggers import WANTED, queue

AHEAD: Final = timedelta(days=1)
_INSERT: Final = f"""
WITH made AS (
INSERT INTO member AS m (tenant_id, id, joined_on, external_id, phone, card_no, name, kind, birthday, gender, branch_id,
                         referrer_id, source, enrolled_by, created_at, birthday_calendar, kept_on, is_returning)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        {WAS_MEMBER.format(phone="$5::text", hashes="$18::bytea[]")})
RETURNING {COLUMNS}, {WANTED.format(trigger="joined")} AS welcomed),
told AS (
INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
SELECT $1, 'member.created', m.id, m.created_at, jsonb_build_object('joined_on', m.joined_on, 'kind', m.kind,
       'branch_id', m.branch_id, 'referrer_id', m.referrer_id, 'source', m.source) FROM made m)
SELECT * FROM made
"""


def require_day(day: date | None, latest: date, pointer: str, code: str) -> None:
    """Raises DomainError `validation-failed` for a day after `latest`."""
    if day is not None and day > latest:
        raise DomainError("validation-failed", errors=[FieldError(pointer, code)])


async def enrol(new: NewMember, terms: Terms) -> asyncpg.Record:
    """A new member's row. Writes no decision: the member is in the base tier since `joined_on`.

    Raises DomainError `sandbox-full`, `not-eligible`, `phone-taken`, `card-taken`, `external-id-taken`, `wechat-taken`,
    what `require_branch` raises, and `validation-failed` for a `joined_on` more than a day ahead, a birthday after
    today, attributes that don't fit, a referrer who is nobody. After any of them the caller's work must not last.
    """
    if terms.beside:
        await require_room()
    require_day(new.joined_on, terms.today + AHEAD, "/joined_on", "occurred-too-far-ahead")
    require_day(new.birthday, terms.today, "/birthday", "in-the-future")
    attributes = check_attributes(terms.programme.attributes, new.attributes)
    require_eligible(terms.programme.eligibility, new.kind, new.birthday, terms.today)
    if new.branch_id is not None:
        await require_branch(new.branch_id)
    referrer_id = None if new.referrer_id is None else await require_referrer(new.referrer_id)
    row = await _insert(new, referrer_id, terms)
    member_id: UUID = row["id"]
    await claim(member_id, identities_named(new), shared_phones=terms.shared_phones)
    if attributes:
        await write_attributes(member_id, attributes)
    if new.tags:
        await write_tags(member_id, new.tags)
    if new.consents:
        await write_consents(member_id, new.consents, terms.now, new.source)
    if referrer_id is not None:
        await referrer_changed(member_id, None, referrer_id)
    if row["welcomed"]:
        await queue("joined", {"member_id": str(member_id)})
    return row


async def _insert(new: NewMember, referrer_id: UUID | None, terms: Terms) -> asyncpg.Record:
    row = await connection().fetchrow(
        _INSERT,
        current().tenant_id,
        uuid7(),
        new.joined_on or terms.today,
        new.external_id,
        new.phone,
        new.card_no,
        new.name,
        new.kind,
        new.birthday,
        new.gender,
        new.branch_id,
        referrer_id,
        new.source,
        new.enrolled_by or current().principal.actor,
        terms.now,
        new.birthday_calendar,
        kept_on(new.birthday, new.birthday_calendar),
        hashes_of(new.phone),
    )
    if row is None:
        raise RuntimeError("an INSERT returns its row")
    return row


def identities_named(new: NewMember) -> dict[str, str]:
    """What is to lead to the new member, kind → value."""
    given = {PHONE: new.phone, CARD: new.card_no, EXTERNAL_ID: new.external_id}
    if new.wechat is not None:
        given[openid_kind(new.wechat.app_id)] = new.wechat.openid
        given[UNIONID] = new.wechat.unionid
    return {kind: value for kind, value in given.items() if value is not None}

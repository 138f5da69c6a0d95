"""Enrolling members."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.branches.branch import require_branch
from tenants.members.bodies import NewMember
from tenants.members.identities import CARD, EXTERNAL_ID, PHONE, UNIONID, claim, openid_kind
from tenants.members.standing import COLUMNS

Source = Literal["api", "till", "page"]

_AHEAD: Final = timedelta(days=1)
_INSERT: Final = f"""
INSERT INTO member AS m (tenant_id, id, joined_on, external_id, phone, card_no, name, birthday, gender, branch_id,
                         source, enrolled_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class Clock:
    """The tenant's now (UTC) and its local day."""

    now: datetime
    today: date


async def tenant_clock() -> Clock:
    """Read once a request, and once a batch."""
    row = await connection().fetchrow(
        "SELECT timezone, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1",
        current().tenant_id,
    )
    if row is None:
        raise DomainError("not-found")
    return Clock(row["now"].astimezone(UTC), row["now"].astimezone(ZoneInfo(row["timezone"])).date())


def require_day(day: date | None, latest: date, pointer: str, code: str) -> None:
    """Raises DomainError `validation-failed` for a day after `latest`."""
    if day is not None and day > latest:
        raise DomainError("validation-failed", errors=[FieldError(pointer, code)])


async def enrol(new: NewMember, clock: Clock, source: Source = "api") -> asyncpg.Record:
    """A new member's row. Writes no decision: the member is in the base tier since `joined_on`.

    Raises DomainError `phone-taken`, `card-taken`, `external-id-taken`, `conflict` (a WeChat identity), what
    `require_branch` raises, and `validation-failed` for a `joined_on` more than a day ahead or a birthday after
    today. After any of them the caller's work must not last.
    """
    require_day(new.joined_on, clock.today + _AHEAD, "/joined_on", "occurred-too-far-ahead")
    require_day(new.birthday, clock.today, "/birthday", "in-the-future")
    if new.branch_id is not None:
        await require_branch(new.branch_id)
    member_id = uuid7()
    row = await connection().fetchrow(
        _INSERT,
        current().tenant_id,
        member_id,
        new.joined_on or clock.today,
        new.external_id,
        new.phone,
        new.card_no,
        new.name,
        new.birthday,
        new.gender,
        new.branch_id,
        source,
        current().principal.actor,
        clock.now,
    )
    await claim(member_id, _identities(new))
    if row is None:
        raise RuntimeError("an INSERT returns its row")
    return row


def _identities(new: NewMember) -> dict[str, str]:
    given = {PHONE: new.phone, CARD: new.card_no, EXTERNAL_ID: new.external_id}
    if new.wechat is not None:
        given[openid_kind(new.wechat.app_id)] = new.wechat.openid
        given[UNIONID] = new.wechat.unionid
    return {kind: value for kind, value in given.items() if value is not None}


async def member_row(member_id: UUID) -> asyncpg.Record:
    """One member's row. Raises DomainError `not-found`."""
    row = await connection().fetchrow(
        f"SELECT {COLUMNS} FROM member AS m WHERE m.tenant_id = $1 AND m.id = $2",
        current().tenant_id,
        member_id,
    )
    if row is None:
        raise DomainError("not-found")
    return row

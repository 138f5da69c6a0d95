"""Coupons that were given: one of them, and those of a member."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, InvalidValueError
from saas.scope import connection, current
from tenants.coupons.numbers import read_number
from tenants.coupons.postings import state_on

_SHOWN: Final = (
    "g.id, g.number, g.coupon_id, g.code, c.names, g.terms, g.member_id, g.valid_from, g.valid_until, g.state,"
    " g.occasion, g.used_for, g.granted_at"
)
_TODAY: Final = "((clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone)::date AS today"
_FROM: Final = """
  FROM coupon_grant g JOIN coupon c ON c.tenant_id = $1 AND c.id = g.coupon_id
  JOIN tenant t ON t.tenant_id = $1"""
BY_ID: Final = f"SELECT {_SHOWN}, {_TODAY}{_FROM} WHERE g.tenant_id = $1 AND g.id = $2::uuid"
BY_NUMBER: Final = f"SELECT {_SHOWN}, {_TODAY}{_FROM} WHERE g.tenant_id = $1 AND g.number = $2"
_ON: Final = "((clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone)::date"
OF_MEMBER: Final = f"""
SELECT {_SHOWN}, {_TODAY}{_FROM}
 WHERE g.tenant_id = $1 AND g.member_id = ANY ($2) AND g.member_id IS NOT NULL AND ($3::uuid IS NULL OR g.id < $3)
   AND CASE $4 WHEN 'open' THEN g.state = 'open' AND g.valid_until >= {_ON}
               WHEN 'expired' THEN g.state = 'expired' OR g.state = 'open' AND g.valid_until < {_ON}
               ELSE $4 IS NULL OR g.state = $4 END
 ORDER BY g.id DESC LIMIT $5"""
_ENTRIES: Final = """
SELECT e.kind, e.recorded_at, e.branch_id, e.amount, e.external_id, e.reason FROM coupon_entry e
 WHERE e.tenant_id = $1 AND e.grant_id = $2 ORDER BY e.id"""


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A coupon that was given, as JSON data: `state` is today's, the terms are those of the day of the grant."""
    return {
        "id": row["id"],
        "number": row["number"],
        "coupon": {"id": row["coupon_id"], "code": row["code"], "names": row["names"]},
        "member_id": row["member_id"],
        **row["terms"],
        "valid_from": row["valid_from"],
        "valid_until": row["valid_until"],
        "state": _state(row, row["today"]),
        "occasion": row["occasion"],
        "granted_at": row["granted_at"],
        "used_for": row["used_for"],
    }


def _state(row: asyncpg.Record, today: date) -> str:
    """One that isn't valid yet is open to its member: its first day says the rest."""
    state = state_on(row["state"], row["valid_from"], row["valid_until"], today)
    return "open" if state == "not-yet-valid" else state


async def held(reference: str) -> asyncpg.Record:
    """A coupon by its number or its id. Raises DomainError `not-found`, also for a number with a slip in it."""
    try:
        row = await by_id(UUID(reference))
    except ValueError:
        try:
            row = await by_number(read_number(reference))
        except InvalidValueError:
            raise DomainError("not-found") from None
    if row is None:
        raise DomainError("not-found")
    return row


async def by_id(grant_id: UUID) -> asyncpg.Record | None:
    return await connection().fetchrow(BY_ID, current().tenant_id, grant_id)


async def by_number(number: str) -> asyncpg.Record | None:
    """`number` as `numbers.read_number` gives it."""
    return await connection().fetchrow(BY_NUMBER, current().tenant_id, number)


async def with_entries(row: asyncpg.Record) -> dict[str, Any]:
    """The same with what happened to it, in order."""
    entries = await connection().fetch(_ENTRIES, current().tenant_id, row["id"])
    return {**shown(row), "entries": [dict(entry) for entry in entries]}


async def coupons_of_member(
    members: Sequence[UUID], state: str | None, limit: int, before: UUID | None
) -> list[asyncpg.Record]:
    """What a member (under all its ids) was given, the newest first, one more than `limit` where there are more."""
    return await connection().fetch(OF_MEMBER, current().tenant_id, list(members), before, state, limit + 1)

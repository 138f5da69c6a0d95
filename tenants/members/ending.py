"""Points and coupons end when their member leaves."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.coupons import ledger as coupons
from tenants.coupons.postings import Posting as CouponPosting
from tenants.points import ledger as points
from tenants.points.book import Fact
from tenants.programme.windows import local_day

_TIMEZONE: Final = "SELECT timezone FROM tenant WHERE tenant_id = $1"
_OPEN_COUPONS: Final = (
    "SELECT id FROM coupon_grant WHERE tenant_id = $1 AND member_id = $2 AND state = 'open' AND valid_until >= $3"
    " ORDER BY id"
)


async def end_value(member: asyncpg.Record) -> dict[str, Any]:
    """For a member under its lock (a row of `lock_member`). Answers for the audit log how many `coupons` ended."""
    zone = ZoneInfo(await connection().fetchval(_TIMEZONE, current().tenant_id))
    member_id, at, actor = member["id"], member["locked_at"], current().principal.actor
    today = local_day(at, zone)
    book = await points.read(member_id)
    balance = book.account.balance
    book.void(Fact(member_id, member["seq"], member_id, at, today, actor))
    await points.post(book.postings)
    return {"points": balance, "coupons": await _end_coupons(member_id, member["seq"], at, today)}


async def _end_coupons(member_id: UUID, seq: int, at: datetime, today: date) -> int:
    held = await connection().fetch(_OPEN_COUPONS, current().tenant_id, member_id, today)
    actor = current().principal.actor
    await coupons.post(
        [
            CouponPosting(
                kind="void",
                grant_id=row["id"],
                member_id=member_id,
                seq=seq,
                day=today,
                recorded_at=at,
                actor=actor,
                source_id=member_id,
            )
            for row in held
        ]
    )
    return len(held)

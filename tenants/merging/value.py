"""What a merged record had in points, coupons and passes goes to the survivor, as its wallet does."""

from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.coupons import ledger as coupons
from tenants.passes.ledger import MOVE_TO as MOVE_PASSES
from tenants.points import ledger as points
from tenants.points.book import Fact
from tenants.programme.windows import local_day


async def merge_value(survivor: asyncpg.Record, other: asyncpg.Record, merge_id: UUID, timezone: str) -> None:
    """Moves it all. Both rows are as their locks gave them (id, seq, locked_at).

    What one of the two owed in points is paid from what the other has. The balance passes through entries of both, so
    that each record's own statement stays right; open lots, coupons and passes change hands.
    """
    zone = ZoneInfo(timezone)
    book, others = await points.read(survivor["id"]), await points.read(other["id"])
    book.merge(_fact(survivor, merge_id, zone), others, _fact(other, merge_id, zone))
    await points.hand_over(other["id"], survivor["id"])
    await points.post([*others.postings, *book.postings])
    await coupons.hand_over(other["id"], survivor["id"])
    await connection().execute(MOVE_PASSES, current().tenant_id, survivor["id"], other["id"])


def _fact(row: asyncpg.Record, merge_id: UUID, zone: ZoneInfo) -> Fact:
    today = local_day(row["locked_at"], zone)
    return Fact(row["id"], row["seq"], merge_id, row["locked_at"], today, current().principal.actor)

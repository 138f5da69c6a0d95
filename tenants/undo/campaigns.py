"""What campaigns gave a member for a purchase: it ends with the undo, unless something of it was used."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.coupons import ledger as coupons_ledger
from tenants.coupons.postings import Posting
from tenants.points import ledger as points_ledger
from tenants.points.book import Fact
from tenants.refunds.returning import Reason

_SHARES: Final = """
SELECT s.id FROM campaign_share s WHERE s.tenant_id = $1 AND s.member_id = $2 AND s.source_id = $3 ORDER BY s.id"""
_COUPONS: Final = """
SELECT g.id, g.state FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.granted_to = $2 AND g.occasion = 'campaign' AND g.source_id = ANY ($3) ORDER BY g.id"""
_POINTS: Final = """
SELECT e.id, e.source_id, e.points, e.day, EXISTS (
         SELECT FROM points_take t WHERE t.tenant_id = $1 AND t.lot_id = e.id HAVING sum(t.points) <> 0) AS spent
  FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'campaign' AND e.source_id = ANY ($2) ORDER BY e.id"""
_FORGET: Final = "DELETE FROM campaign_share AS s WHERE s.tenant_id = $1 AND s.id = ANY ($2)"


@dataclass(frozen=True, slots=True)
class Gifts:
    """The member's shares of campaigns, with their coupons and points."""

    shares: list[UUID]
    coupons: list[asyncpg.Record]
    points: list[asyncpg.Record]


async def gifts_of(purchase_id: UUID, member_id: UUID) -> Gifts:
    """To be read behind the member's lock. Raises DomainError `undo-used` where something of it was used."""
    tenant_id = current().tenant_id
    shares = [row["id"] for row in await connection().fetch(_SHARES, tenant_id, member_id, purchase_id)]
    if not shares:
        return Gifts([], [], [])
    coupons = await connection().fetch(_COUPONS, tenant_id, member_id, shares)
    points = await connection().fetch(_POINTS, tenant_id, shares)
    if any(row["state"] == "used" for row in coupons) or any(row["spent"] for row in points):
        raise DomainError("undo-used")
    return Gifts(shares, coupons, points)


async def take_back(gifts: Gifts, why: Reason) -> None:
    """Coupons are void, points reversed, and the shares forgotten: another purchase may bring them."""
    if not gifts.shares:
        return
    member_id, seq, branch_id = why.purchase.holder_id, why.seq, why.purchase.branch_id
    if member_id is None or seq is None:
        raise RuntimeError("shares are a member's")
    common: dict[str, Any] = {"member_id": member_id, "seq": seq, "recorded_at": why.recorded_at, "actor": why.actor}
    await coupons_ledger.post(
        [
            Posting(
                kind="void", grant_id=row["id"], day=why.today, source_id=why.source_id, branch_id=branch_id, **common
            )
            for row in gifts.coupons
            if row["state"] == "open"
        ]
    )
    book = await points_ledger.read(member_id)
    for row in gifts.points:
        fact = Fact(source_id=row["source_id"], today=why.today, branch_id=branch_id, **common)
        await points_ledger.undo_accrual(book, fact, "undo_earn", row["points"], row["id"], row["day"])
    await points_ledger.post(book.postings)
    await connection().execute(_FORGET, current().tenant_id, gifts.shares)

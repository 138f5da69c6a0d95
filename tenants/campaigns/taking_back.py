"""Takes back what campaigns gave for something that was undone: a purchase, or a tier that never was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.coupons import ledger as coupons_ledger
from tenants.coupons.postings import Posting
from tenants.points import ledger as points_ledger
from tenants.points.book import Fact

_COUPONS: Final = """
SELECT g.id, g.state, g.source_id FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.occasion = 'campaign' AND g.source_id = ANY ($2) ORDER BY g.id"""
_POINTS: Final = """
SELECT e.id, e.source_id, e.points, e.day, EXISTS (
         SELECT FROM points_take t WHERE t.tenant_id = $1 AND t.lot_id = e.id HAVING sum(t.points) <> 0) AS spent
  FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'campaign' AND e.source_id = ANY ($2)
   AND NOT EXISTS (SELECT FROM points_entry u WHERE u.tenant_id = $1 AND u.kind = 'undo_earn'
                                                AND u.source_id = e.source_id) ORDER BY e.id"""
_FORGET: Final = "DELETE FROM campaign_share AS s WHERE s.tenant_id = $1 AND s.id = ANY ($2)"


@dataclass(frozen=True, slots=True)
class Given:
    """Shares of campaigns, with the coupons and the points that they brought."""

    shares: Sequence[UUID]
    coupons: Sequence[asyncpg.Record]
    points: Sequence[asyncpg.Record]

    @property
    def used(self) -> frozenset[UUID]:
        """The shares of which something was used."""
        coupons = {row["source_id"] for row in self.coupons if row["state"] == "used"}
        return frozenset(coupons | {row["source_id"] for row in self.points if row["spent"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The member who has what was given, behind its lock and with its number, and what takes it back."""

    member_id: UUID
    seq: int
    recorded_at: datetime
    today: date
    source_id: UUID
    branch_id: UUID | None = None


async def given_for(shares: Sequence[UUID]) -> Given:
    """To be read behind the lock of the member whose shares they are."""
    if not shares:
        return Given((), (), ())
    coupons = await connection().fetch(_COUPONS, current().tenant_id, shares)
    return Given(shares, coupons, await connection().fetch(_POINTS, current().tenant_id, shares))


async def take_back(given: Given, why: Why) -> bool:
    """What isn't used yet: coupons are void, points reversed. A share of which nothing was used is forgotten, so that
    it can be had again. Answers whether points went.
    """
    common: dict[str, Any] = {"member_id": why.member_id, "seq": why.seq, "recorded_at": why.recorded_at}
    common |= {"actor": current().principal.actor, "branch_id": why.branch_id}
    open_ones = [row["id"] for row in given.coupons if row["state"] == "open"]
    if open_ones:
        await coupons_ledger.post(
            [Posting(kind="void", grant_id=one, day=why.today, source_id=why.source_id, **common) for one in open_ones]
        )
    unspent = [row for row in given.points if not row["spent"]]
    if unspent:
        book = await points_ledger.read(why.member_id)
        for row in unspent:
            fact = Fact(source_id=row["source_id"], today=why.today, **common)
            await points_ledger.undo_accrual(book, fact, "undo_earn", row["points"], row["id"], row["day"])
        await points_ledger.post(book.postings)
    forgotten = [one for one in given.shares if one not in given.used]
    if forgotten:
        await connection().execute(_FORGET, current().tenant_id, forgotten)
    return bool(unspent)

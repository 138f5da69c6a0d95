"""Takes back what a purchase gave and gives back what paid for it: points, stored value, coupons. By a refund a part of
it, by an undo the whole. The caller holds the lock of whose purchase it is.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.coupons import ledger as coupon_ledger
from tenants.coupons.postings import Posting
from tenants.points import ledger as points_ledger
from tenants.points.book import Fact, Kind
from tenants.refunds.bought import Bought
from tenants.refunds.paid import BONUS, PRINCIPAL
from tenants.wallet import ledger as wallet_ledger
from tenants.wallet.lots import Take, give_back
from tenants.wallet.postings import Cause, returned
from tenants.wallet.reading import read_wallet

_EARNED: Final = "SELECT id FROM points_entry WHERE tenant_id = $1 AND kind = 'earn' AND source_id = $2"
_REFUNDS: Final = "SELECT id FROM refund WHERE tenant_id = $1 AND purchase_id = $2"
_TAKEN: Final = """
SELECT t.lot_id, sum(t.principal)::bigint AS principal, sum(t.bonus)::bigint AS bonus
  FROM wallet_take t JOIN wallet_lot l ON l.tenant_id = t.tenant_id AND l.id = t.lot_id
 WHERE t.tenant_id = $1 AND ((t.kind = 'spend' AND t.source_id = $2)
    OR (t.kind = 'return' AND t.source_id IN (SELECT f.id FROM refund f WHERE f.tenant_id = $1 AND f.purchase_id = $2)))
 GROUP BY t.lot_id, l.recorded_at HAVING sum(t.principal) > 0 OR sum(t.bonus) > 0
 ORDER BY l.recorded_at, t.lot_id"""
_USED: Final = """
SELECT g.id, g.valid_until FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.id = ANY ($2::uuid[]) AND g.state = 'used' AND g.used_for = $3 ORDER BY g.id"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What goes back: points earned that are `reversed`, points and stored value that paid, coupons that were used."""

    reversed: int
    points: int
    principal: int
    bonus: int
    coupons: tuple[UUID, ...]

    @classmethod
    def between(cls, before: Bought, after: Bought, exponent: int) -> "Moved":
        """By refunds; coupons when nothing is left. `exponent`: the currency's decimals."""
        return cls(
            before.points_kept(exponent) - after.points_kept(exponent),
            after.points_back - before.points_back,
            after.returned.get(PRINCIPAL, 0) - before.returned.get(PRINCIPAL, 0),
            after.returned.get(BONUS, 0) - before.returned.get(BONUS, 0),
            before.paid.coupons if after.left == 0 else (),
        )

    @classmethod
    def whole(cls, purchase: Bought) -> "Moved":
        """All of a purchase of which nothing was given back."""
        paid = purchase.paid
        return cls(paid.granted, paid.charged, paid.ways.get(PRINCIPAL, 0), paid.ways.get(BONUS, 0), paid.coupons)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it goes back: a refund (`source_id` is its id), or the purchase's undo. `seq`: None without a member, who
    alone has points and stored value. `gone`: the member has left.
    """

    purchase: Bought
    source_id: UUID
    seq: int | None
    recorded_at: datetime
    today: date
    actor: str
    undo: bool = False
    gone: bool = False


async def move(why: Reason, moved: Moved) -> None:
    """Writes it. Who has left has no points and coupons any more, and bonus ends as it comes back; principal stays
    payable.
    """
    if not why.gone:
        await _points(why, moved)
        await _coupons(why, moved.coupons)
    if moved.principal or moved.bonus:
        await _money(why, moved.principal, moved.bonus)


async def _points(why: Reason, moved: Moved) -> None:
    member_id, purchase = why.purchase.holder_id, why.purchase
    if member_id is None or why.seq is None or not (moved.reversed or moved.points):
        return
    fact = Fact(member_id, why.seq, why.source_id, why.recorded_at, why.today, why.actor, purchase.branch_id)
    book = await points_ledger.read(member_id)
    own = await connection().fetchval(_EARNED, current().tenant_id, purchase.id)
    if why.undo and own is not None:
        await points_ledger.undo_accrual(book, fact, "undo_earn", moved.reversed, own, purchase.local_day)
    else:
        book.take_back(fact, "reverse", moved.reversed, own, purchase.local_day)
    if moved.points:
        refunds = await connection().fetch(_REFUNDS, current().tenant_id, purchase.id)
        sources: list[tuple[Kind, UUID]] = [("redeem", purchase.id), *(("return", row["id"]) for row in refunds)]
        taken, lots = await points_ledger.taken(sources)
        book.give_back(fact, "undo_redeem" if why.undo else "return", taken, moved.points, lots)
    await points_ledger.post(book.postings)


async def _money(why: Reason, principal: int, bonus: int) -> None:
    member_id, purchase = why.purchase.holder_id, why.purchase
    if member_id is None or why.seq is None:
        raise RuntimeError("stored value is a member's")
    rows = await connection().fetch(_TAKEN, current().tenant_id, purchase.id)
    takes = [Take(row["lot_id"], row["principal"], row["bonus"]) for row in rows]
    cause = Cause(member_id, why.seq, why.source_id, purchase.branch_id, why.recorded_at, why.actor)
    posting = returned(
        cause,
        await read_wallet(member_id),
        give_back(takes, principal, bonus),
        "undo_spend" if why.undo else "return",
        void_bonus=why.gone,
    )
    await wallet_ledger.post([posting])


async def _coupons(why: Reason, grants: tuple[UUID, ...]) -> None:
    """A refund gives back what is still valid, an undo whatever it was."""
    if not grants:
        return
    rows = await connection().fetch(_USED, current().tenant_id, list(grants), why.purchase.id)
    await coupon_ledger.post(
        [
            Posting(
                kind="undo_use" if why.undo else "return",
                grant_id=row["id"],
                member_id=why.purchase.holder_id,
                seq=why.seq,
                day=why.today,
                recorded_at=why.recorded_at,
                actor=why.actor,
                source_id=why.source_id,
                purchase_id=why.purchase.id,
                branch_id=why.purchase.branch_id,
            )
            for row in rows
            if why.undo or row["valid_until"] >= why.today
        ]
    )

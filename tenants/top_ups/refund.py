"""Pays principal back: money out of the till, its bonus void in proportion, its points reversed, tiers in question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError, Money
from saas.scope import connection, current
from tenants.approvals.limits import require_approval
from tenants.audit.record import record
from tenants.events.emit import emit
from tenants.members.named import lock_named
from tenants.members.whereabouts import survivor_of
from tenants.points.book import Fact
from tenants.points.ledger import post as post_points
from tenants.points.ledger import read as read_points
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.tiers.recheck import mark_rechecks
from tenants.top_ups.bodies import WalletRefundBody
from tenants.top_ups.history import RefundedPart, WalletRefunded, refund_by_number, refunded
from tenants.top_ups.place import place_of
from tenants.top_ups.record import fingerprint, points_for
from tenants.wallet import lots, postings
from tenants.wallet.ledger import post
from tenants.wallet.lots import Lot, PaidBack
from tenants.wallet.measures import recompute_top_ups
from tenants.wallet.postings import Cause
from tenants.wallet.reading import Wallet, read_lots, read_wallet

_LATELY: Final = """
SELECT coalesce(sum(w.paid_out), 0)::bigint FROM wallet_refund w
 WHERE w.tenant_id = $1 AND w.member_id = $2 AND w.actor = $3 AND w.recorded_at > $4"""
_TOP_UPS: Final = """
SELECT f.id, f.local_day, f.amount, f.programme_version,
       (SELECT p.id FROM points_entry p WHERE p.tenant_id = $1 AND p.kind = 'top_up' AND p.source_id = f.id)
           AS points_lot_id
  FROM top_up f WHERE f.tenant_id = $1 AND f.id = ANY ($2::uuid[])"""
_IDS: Final = "SELECT uuidv7() FROM generate_series(1, $1)"
_RECORD: Final = """
INSERT INTO wallet_refund AS r (tenant_id, id, member_id, branch_id, seq, external_id, fingerprint, amount,
                                bonus_voided, deducted, paid_out, cooling_off, tender, lots, reason, sold_by,
                                recorded_at, actor, programme_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class _Back:
    """One lot's part: the top-up behind it (None: an opening balance), and the id that its points' reversal names."""

    lot: Lot
    paid: PaidBack
    top_up: asyncpg.Record | None
    reversal_id: UUID


async def record_wallet_refund(body: WalletRefundBody) -> WalletRefunded:
    """Writes one refund of principal in the current scope; who has left is paid back too. Tiers are not decided now:
    they are marked for their recheck.

    Raises DomainError `unknown-member`, `phone-shared`, `unknown-branch`, `branch-closed`, `not-permitted`,
    `not-found` (no such top-up of this member's), `wallet-principal-too-low`, `external-id-conflict`, `tenant-closed`,
    `approval-needed` for a clerk beyond the chain's limit.
    """
    member = await lock_named(body)
    place = await place_of(body.branch_id)
    mark = fingerprint(body)
    known = await refund_by_number(body.external_id)
    if known is not None:
        if known["fingerprint"] != mark or await survivor_of(known["member_id"]) != member["id"]:
            raise DomainError("external-id-conflict", params={"external_id": body.external_id})
        return refunded(known)
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    wallet = await read_wallet(member["id"])
    chosen = await _choose(body, member["id"], wallet)
    before = await _paid_out_lately(member)
    out = sum(part.paid_out for part in chosen)
    await require_approval("wallet.refund", f"member:{member['id']}", out, so_far=before)
    back = await _backs(chosen, wallet)
    return await _record(body, member, place, mark, wallet, back)


async def _paid_out_lately(member: asyncpg.Record) -> int:
    """What this clerk paid out to the member within a day; 0 for everybody else, whom nothing limits."""
    principal = current().principal
    if principal.role != "clerk":
        return 0
    since = member["locked_at"] - timedelta(days=1)
    paid: int = await connection().fetchval(_LATELY, current().tenant_id, member["id"], principal.actor, since)
    return paid


async def _tell(made: WalletRefunded) -> None:
    told = {
        "id": str(made.id),
        "branch_id": str(made.branch_id),
        "external_id": made.external_id,
        "amount": made.amount,
        "bonus_voided": made.bonus_voided,
        "deducted": made.deducted,
        "paid_out": made.paid_out,
    }
    await emit("wallet.refunded", told, member_id=made.member_id, at=made.recorded_at)


async def _choose(body: WalletRefundBody, member_id: UUID, wallet: Wallet) -> list[PaidBack]:
    """Which lots give how much."""
    if body.top_up_id is None:
        return lots.refund_newest_first(wallet.lots, body.amount or 0)
    found = await read_lots(member_id, [body.top_up_id])
    if not found:
        raise DomainError("not-found")
    (lot,) = found
    amount = lot.principal_left if body.amount is None else body.amount
    if not 0 < amount <= lot.principal_left:
        raise DomainError("wallet-principal-too-low", params={"principal": Money(lot.principal_left)})
    return [lots.refund(lot, amount)]


async def _backs(parts: Sequence[PaidBack], wallet: Wallet) -> list[_Back]:
    open_lots = {lot.id: lot for lot in wallet.lots}
    ids = [part.lot_id for part in parts]
    top_ups = {row["id"]: row for row in await connection().fetch(_TOP_UPS, current().tenant_id, ids)}
    made = [row[0] for row in await connection().fetch(_IDS, len(parts))]
    return [
        _Back(open_lots[part.lot_id], part, top_ups.get(part.lot_id), reversal_id)
        for part, reversal_id in zip(parts, made, strict=True)
    ]


async def _record(
    body: WalletRefundBody,
    member: asyncpg.Record,
    place: asyncpg.Record,
    mark: bytes,
    wallet: Wallet,
    back: Sequence[_Back],
) -> WalletRefunded:
    actor, today = current().principal.actor, local_day(member["locked_at"], ZoneInfo(place["timezone"]))
    paid = [part.paid for part in back]
    days = (await programme(place["programme_version"])).wallet.cooling_off_days
    made = WalletRefunded(
        back[0].reversal_id,  # a refund of one lot, as most are: its points' reversal has its own id
        member["id"],
        body.branch_id,
        body.external_id,
        sum(part.amount for part in paid),
        sum(part.bonus_voided for part in paid),
        sum(part.deducted for part in paid),
        sum(part.paid_out for part in paid),
        all(_is_cooling_off(part, today, days) for part in back),
        body.tender,
        tuple(RefundedPart(part.lot_id, part.amount, part.bonus_voided, part.deducted) for part in paid),
        body.reason,
        body.sold_by,
        member["locked_at"],
        wallet.principal - sum(part.amount for part in paid),
        wallet.bonus - sum(part.bonus_voided for part in paid),
        await _points_to_reverse(back) if member["status"] == "active" else 0,
        first=True,
    )
    await _write(made, member["seq"], place["programme_version"], mark, back)
    cause = Cause(made.member_id, member["seq"], made.id, made.branch_id, made.recorded_at, actor, body.reason)
    await post([postings.paid_back(cause, wallet, paid)])
    if made.points_reversed:
        fact = Fact(made.member_id, member["seq"], made.id, made.recorded_at, today, actor, made.branch_id, made.reason)
        await _reverse_points(fact, back)
    await recompute_top_ups({(made.member_id, part.top_up["local_day"]) for part in back if part.top_up is not None})
    if any(part.top_up is not None for part in back):
        await mark_rechecks({made.member_id: made.id}, place["programme_version"], made.recorded_at, place["timezone"])
    await _tell(made)
    await record("wallet.refund", f"member:{made.member_id}", {"refund_id": str(made.id), "amount": made.amount})
    return made


def _is_cooling_off(part: _Back, today: date, days: int) -> bool:
    """Whether a whole top-up goes back untouched, while the member may still think better of it."""
    if part.top_up is None or not part.lot.untouched or part.paid.amount != part.lot.principal:
        return False
    since: date = part.top_up["local_day"]
    return today <= since + timedelta(days=days)


async def _write(made: WalletRefunded, seq: int, version: int, mark: bytes, back: Sequence[_Back]) -> None:
    rows: list[list[Any]] = [
        [str(p.lot.id), p.paid.amount, p.paid.bonus_voided, p.paid.deducted, str(p.reversal_id)] for p in back
    ]
    tag = await connection().execute(
        _RECORD,
        current().tenant_id,
        made.id,
        made.member_id,
        made.branch_id,
        seq,
        made.external_id,
        mark,
        made.amount,
        made.bonus_voided,
        made.deducted,
        made.paid_out,
        made.cooling_off,
        made.tender,
        rows,
        made.reason,
        made.sold_by,
        made.recorded_at,
        current().principal.actor,
        version,
    )
    if tag != "INSERT 0 1":  # somebody else's till took the number while we worked
        raise DomainError("external-id-conflict", params={"external_id": made.external_id})


async def _to_reverse(part: _Back) -> int:
    """The points that this part of a top-up had earned: by the rules that gave them, for what is left before it less
    for what is left behind it.
    """
    if part.top_up is None or part.top_up["points_lot_id"] is None:
        return 0
    rules = await programme(part.top_up["programme_version"])
    left = part.lot.principal - part.lot.refunded
    return points_for(rules, left) - points_for(rules, left - part.paid.amount)


async def _points_to_reverse(back: Sequence[_Back]) -> int:
    return sum([await _to_reverse(part) for part in back])


async def _reverse_points(fact: Fact, back: Sequence[_Back]) -> None:
    book = await read_points(fact.member_id)
    for part in back:
        points = await _to_reverse(part)
        if points and part.top_up is not None:
            book.take_back(
                replace(fact, source_id=part.reversal_id),
                "top_up_reverse",
                points,
                part.top_up["points_lot_id"],
                part.top_up["local_day"],
            )
    await post_points(book.postings)

"""Undoes a purchase: all that it wrote is reversed in one transaction, under the lock of its member."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.events.emit import emit
from tenants.programme.versions import current_version
from tenants.programme.windows import local_day
from tenants.refunds.bought import Bought, find, measured
from tenants.refunds.locking import Place, lock
from tenants.refunds.returning import Moved, Reason, move
from tenants.refunds.write import sum_anew
from tenants.tiers.evaluate import Change
from tenants.tiers.undoing import undo_decisions, undone_decisions
from tenants.undo.bodies import UndoBody
from tenants.undo.campaigns import gifts_of, take_back
from tenants.undo.entry import Entry, Tenant, open_tenant, require_own_last, require_unused
from tenants.undo.printed import require_unused_coupons, void_coupons

_ENTRY: Final = """
SELECT p.id, p.member_id, p.branch_id, p.actor, p.sold_by, p.recorded_at, p.source FROM purchase p
 WHERE p.tenant_id = $1 AND p.id = $2"""
_WRITE: Final = """
WITH x AS (DELETE FROM purchase_external AS x WHERE x.tenant_id = $1 AND x.branch_id = $7 AND x.external_id = $8
                                                AND x.purchase_id = $2)
INSERT INTO purchase_undone AS u (tenant_id, purchase_id, member_id, seq, recorded_at, reason, actor,
                                  programme_version)
VALUES ($1, $2, $3, $4, $5, $6, $9, $10)"""
_UNDONE: Final = """
SELECT u.purchase_id, u.member_id, u.recorded_at, u.reason, u.actor, p.branch_id, p.external_id, p.amount,
       coalesce((SELECT -e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_earn'
                                                        AND e.source_id = p.id), 0) AS reversed,
       coalesce((SELECT e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_redeem'
                                                       AND e.source_id = p.id), 0) AS returned,
       coalesce((SELECT e.amount FROM wallet_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_spend'
                                                       AND e.source_id = p.id), 0) AS principal,
       coalesce((SELECT e.amount FROM wallet_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_spend_bonus'
                                                       AND e.source_id = p.id), 0) AS bonus,
       ARRAY(SELECT e.grant_id FROM coupon_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_use'
                                                     AND e.source_id = p.id ORDER BY e.grant_id) AS coupons
  FROM purchase_undone u JOIN purchase p ON p.tenant_id = $1 AND p.id = u.purchase_id
 WHERE u.tenant_id = $1 AND u.purchase_id = $2"""


@dataclass(frozen=True, slots=True)
class Undone:
    """A purchase that was taken back: what went back with it, and each ladder whose tier did. Money in minor units."""

    row: asyncpg.Record
    changes: list[Change]


async def undo_purchase(purchase_id: UUID, body: UndoBody) -> Undone:
    """Takes the purchase back, in the current scope; one that was undone before is answered the same again.

    Raises DomainError `not-found`, `not-permitted` (a key of other branches), `tenant-closed`, `member-closed`,
    `undo-not-yours`, `undo-too-late`, `undo-not-last`, `undo-used`.
    """
    purchase = (await find([purchase_id])).get(purchase_id)
    if purchase is None:
        raise DomainError("not-found")
    if not current().principal.may_at(purchase.branch_id):
        raise DomainError("not-permitted")
    tenant = await open_tenant()
    purchase, place = await lock(purchase)
    if not purchase.undone:
        await _require(purchase, place, body)
        await _undo(purchase, place, tenant, body)
    return await _undone(purchase_id)


async def _require(purchase: Bought, place: Place, body: UndoBody) -> None:
    row: Any = await connection().fetchrow(_ENTRY, current().tenant_id, purchase.id)
    if row["source"] != "api":
        raise DomainError("undo-not-yours")
    entry = Entry(row["id"], row["member_id"], row["branch_id"], row["actor"], row["sold_by"], row["recorded_at"])
    await require_own_last(entry, place.recorded_at, body.sold_by)
    if purchase.refunded:
        raise DomainError("undo-used")
    if purchase.holder_id is None:
        await require_unused_coupons(purchase.id)
    else:
        if place.status != "active":
            raise DomainError("member-closed")
        await require_unused(entry, purchase.holder_id, "earn")


async def _undo(purchase: Bought, place: Place, tenant: Tenant, body: UndoBody) -> None:
    actor, today = current().principal.actor, local_day(place.recorded_at, ZoneInfo(tenant.timezone))
    version = await current_version()  # behind the lock
    await _write(purchase, place, body.reason, actor, version)
    why = Reason(purchase, purchase.id, place.seq, place.recorded_at, today, actor, undo=True)
    if purchase.paid.has_value:
        await move(why, Moved.whole(purchase))
    holder_id = purchase.holder_id
    if holder_id is None:
        await void_coupons(why)
    else:
        await take_back(await gifts_of(purchase.id, holder_id), why)
        await sum_anew([(holder_id, purchase.local_day)], measured(purchase, purchase.unmade()), [holder_id])
        await undo_decisions(holder_id, purchase.id, version, place.recorded_at, tenant.timezone)
    told = {"id": str(purchase.id), "branch_id": str(purchase.branch_id), "external_id": purchase.external_id}
    await emit("purchase.undone", told | {"amount": purchase.amount}, member_id=holder_id, at=place.recorded_at)
    await record("purchase.undo", f"purchase:{purchase.id}", {"amount": purchase.amount})


async def _write(purchase: Bought, place: Place, reason: str | None, actor: str, version: int) -> None:
    await connection().execute(
        _WRITE,
        current().tenant_id,
        purchase.id,
        purchase.member_id,
        place.seq,
        place.recorded_at,
        reason,
        purchase.branch_id,
        purchase.external_id,
        actor,
        version,
    )


async def _undone(purchase_id: UUID) -> Undone:
    row = await connection().fetchrow(_UNDONE, current().tenant_id, purchase_id)
    if row is None:
        raise DomainError("internal")
    changes = [] if row["member_id"] is None else await undone_decisions(row["member_id"], purchase_id)
    return Undone(row, changes)

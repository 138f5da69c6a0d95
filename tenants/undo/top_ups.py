"""Undoes a top-up: its lot, the points and the tiers that it gave, as long as nothing of them was used."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.events.emit import emit
from tenants.members.row import lock_member
from tenants.points import ledger as points_ledger
from tenants.points.book import Fact
from tenants.programme.versions import current_version
from tenants.programme.windows import local_day
from tenants.tiers.evaluate import Change
from tenants.tiers.undoing import undo_decisions, undone_decisions
from tenants.undo.bodies import UndoBody
from tenants.undo.entry import Entry, Tenant, open_tenant, require_own_last, require_unused
from tenants.wallet import ledger as wallet_ledger
from tenants.wallet.lots import Lot
from tenants.wallet.measures import recompute_top_ups
from tenants.wallet.postings import Cause
from tenants.wallet.postings import undo_top_up as taken_back
from tenants.wallet.reading import read_lots, read_wallet

_TOP_UP: Final = """
SELECT t.*, coalesce(m.merged_into, t.member_id) AS holder_id, p.id AS points_lot_id, p.points,
       EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = t.id) AS undone
  FROM top_up t
  JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id
  LEFT JOIN points_entry p ON p.tenant_id = $1 AND p.kind = 'top_up' AND p.source_id = t.id
 WHERE t.tenant_id = $1 AND t.id = $2"""
_WRITE: Final = """
WITH x AS (DELETE FROM top_up_external AS x WHERE x.tenant_id = $1 AND x.external_id = $7 AND x.top_up_id = $2)
INSERT INTO top_up_undone AS u (tenant_id, top_up_id, member_id, seq, recorded_at, reason, actor, programme_version)
VALUES ($1, $2, $3, $4, $5, $6, $8, $9)"""
_UNDONE: Final = """
SELECT u.top_up_id, u.member_id, u.recorded_at, u.reason, u.actor, t.branch_id, t.external_id, t.amount, t.bonus,
       coalesce((SELECT -e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'undo_top_up'
                                                        AND e.source_id = t.id), 0) AS reversed
  FROM top_up_undone u JOIN top_up t ON t.tenant_id = $1 AND t.id = u.top_up_id
 WHERE u.tenant_id = $1 AND u.top_up_id = $2"""


@dataclass(frozen=True, slots=True)
class Undone:
    """A top-up that was taken back, and each ladder whose tier was with it. Money in minor units."""

    row: asyncpg.Record
    changes: list[Change]


async def undo_top_up(top_up_id: UUID, body: UndoBody) -> Undone:
    """Takes the top-up back, in the current scope; one that was undone before is answered the same again.

    Raises DomainError `not-found`, `not-permitted` (a key of other branches), `tenant-closed`, `member-closed`,
    `undo-not-yours`, `undo-too-late`, `undo-not-last`, `undo-used`.
    """
    top_up = await _find(top_up_id)
    if not current().principal.may_at(top_up["branch_id"]):
        raise DomainError("not-permitted")
    tenant = await open_tenant()
    member = await lock_member(top_up["holder_id"])
    top_up = await _find(top_up_id)
    if not top_up["undone"]:
        lot = await _require(top_up, member, body)
        await _undo(top_up, lot, member, tenant, body)
    row: Any = await connection().fetchrow(_UNDONE, current().tenant_id, top_up_id)
    return Undone(row, await undone_decisions(row["member_id"], top_up_id))


async def _find(top_up_id: UUID) -> asyncpg.Record:
    row = await connection().fetchrow(_TOP_UP, current().tenant_id, top_up_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def _require(top_up: asyncpg.Record, member: asyncpg.Record, body: UndoBody) -> Lot:
    """The top-up's lot, of which nothing was used."""
    entry = Entry(
        top_up["id"],
        top_up["member_id"],
        top_up["branch_id"],
        top_up["actor"],
        top_up["sold_by"],
        top_up["recorded_at"],
    )
    await require_own_last(entry, member["locked_at"], body.sold_by)
    if member["status"] != "active":
        raise DomainError("member-closed")
    await require_unused(entry, member["id"], "top_up")
    (lot,) = await read_lots(member["id"], [entry.id])
    if not lot.untouched:
        raise DomainError("undo-used")
    return lot


async def _undo(top_up: asyncpg.Record, lot: Lot, member: asyncpg.Record, tenant: Tenant, body: UndoBody) -> None:
    tenant_id, actor, now = current().tenant_id, current().principal.actor, member["locked_at"]
    version = await current_version()  # behind the lock
    await connection().execute(
        _WRITE,
        tenant_id,
        top_up["id"],
        top_up["member_id"],
        member["seq"],
        now,
        body.reason,
        top_up["external_id"],
        actor,
        version,
    )
    cause = Cause(member["id"], member["seq"], top_up["id"], top_up["branch_id"], now, actor, body.reason)
    await wallet_ledger.post([taken_back(cause, await read_wallet(member["id"]), lot)])
    if top_up["points_lot_id"] is not None:
        today = local_day(now, ZoneInfo(tenant.timezone))
        fact = Fact(member["id"], member["seq"], top_up["id"], now, today, actor, top_up["branch_id"], body.reason)
        book = await points_ledger.read(member["id"])
        lot_id, day = top_up["points_lot_id"], top_up["local_day"]
        await points_ledger.undo_accrual(book, fact, "undo_top_up", top_up["points"], lot_id, day)
        await points_ledger.post(book.postings)
    await recompute_top_ups([(member["id"], top_up["local_day"])])
    await undo_decisions(member["id"], top_up["id"], version, now, tenant.timezone)
    told = {"id": str(top_up["id"]), "branch_id": str(top_up["branch_id"]), "external_id": top_up["external_id"]}
    await emit("wallet.top_up_undone", told | {"amount": lot.principal}, member_id=member["id"], at=now)
    await record(
        "wallet.undo_top_up", f"member:{member['id']}", {"top_up_id": str(top_up["id"]), "amount": lot.principal}
    )

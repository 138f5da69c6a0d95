"""Handing a shift over (交班): what a clerk took since the last time, the cash that was counted, and who goes on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.clock import tenant_now
from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch
from tenants.shifts.report import KINDS, Shift, in_order, shifts
from tenants.shifts.span import Span

CASH: Final = "cash"
LONGEST: Final = timedelta(days=31)
"""So far back does a first shift look, and one that nobody handed over."""
_LAST: Final = """
SELECT max(h.to_at) FROM shift_handover h WHERE h.tenant_id = $1 AND h.clerk_id = $2 AND h.branch_id = $3"""
_KEEP: Final = """
INSERT INTO shift_handover AS h (tenant_id, branch_id, clerk_id, from_at, to_at, sums, takings, change_kept, expected,
                                 counted, note, next_id, signed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING h.id"""
_SHOWN: Final = """
SELECT h.*, b.name AS branch, c.name AS clerk, n.name AS next FROM shift_handover h
  JOIN branch b ON b.tenant_id = $1 AND b.id = h.branch_id
  JOIN staff c ON c.tenant_id = $1 AND c.id = h.clerk_id
  LEFT JOIN staff n ON n.tenant_id = $1 AND n.id = h.next_id
 WHERE h.tenant_id = $1"""
_ONE: Final = f"{_SHOWN} AND h.id = $2"
_BEGUN: Final = f"{_SHOWN} AND h.branch_id = $2 AND h.clerk_id = $3 AND h.from_at = $4"
_LATELY: Final = f"{_SHOWN} AND h.branch_id = $2 ORDER BY h.id DESC LIMIT $3"
_IN: Final = f"""{_SHOWN} AND h.to_at >= $2 AND h.to_at < $3 AND ($4::uuid[] IS NULL OR h.branch_id = ANY ($4))
 ORDER BY h.to_at DESC, h.id DESC LIMIT $5"""
_TO_ME: Final = f"{_SHOWN} AND h.next_id = $2 AND h.received_at IS NULL ORDER BY h.id DESC LIMIT 20"
_RECEIVE: Final = """
UPDATE shift_handover AS h SET received_at = clock_timestamp() + t.clock_offset FROM tenant t
 WHERE t.tenant_id = $1 AND h.tenant_id = $1 AND h.id = $2 AND h.next_id = $3 AND h.received_at IS NULL
RETURNING h.id"""
_COLLEAGUES: Final = """
SELECT s.id, s.name FROM staff s
 WHERE s.tenant_id = $1 AND s.left_at IS NULL AND s.account_id IS NOT NULL AND s.id <> $2 AND s.role <> 'analyst'
   AND (s.branch_ids IS NULL OR $3 = ANY (s.branch_ids)) ORDER BY s.name, s.id LIMIT 200"""


@dataclass(frozen=True, slots=True)
class Open:
    """A clerk's shift that goes on: everything recorded in `span`."""

    span: Span
    shift: Shift

    @property
    def cash(self) -> int:
        """What the drawer should have more than at the beginning, in minor units."""
        return self.shift.takings.get(CASH, 0)


def clerk() -> UUID:
    """The staff member who asks. Raises DomainError `not-permitted` for a key."""
    kind, _, text = current().principal.actor.partition(":")
    if kind != "staff":
        raise DomainError("not-permitted")
    return UUID(text)


async def open_shift(branch_id: UUID, until: datetime | None = None) -> Open:
    """The asker's own at this branch, from the last hand-over to `until` (now). Raises as `require_branch`, and
    DomainError `validation-failed` at `/until` for an instant that isn't in it.
    """
    await require_branch(branch_id)
    now = await tenant_now()
    last = await connection().fetchval(_LAST, current().tenant_id, clerk(), branch_id)
    first, end = max(last or now - LONGEST, now - LONGEST), until or now
    if not first < end <= now:
        raise DomainError("validation-failed", errors=[FieldError("/until", "invalid")])
    span = Span(first, end)
    report = await shifts(span, [branch_id])
    mine = [shift for _, who, shift in report.shifts if who == current().principal.actor]
    return Open(span, mine[0] if mine else Shift())


async def hand_over(
    branch_id: UUID, until: datetime, counted: int, change_kept: int, note: str | None, next_id: UUID | None
) -> asyncpg.Record:
    """Signs the shift off, as it was at `until`; the same again is answered the same. Money in minor units.

    Raises DomainError as `open_shift`, and `validation-failed` at `/next_id` for who can't go on here.
    """
    await connection().execute(  # one hand-over of a clerk after the other
        "SELECT FROM staff s WHERE s.tenant_id = $1 AND s.id = $2 FOR NO KEY UPDATE", current().tenant_id, clerk()
    )
    known = await _signed(branch_id, until)
    if known is not None:
        return known
    if next_id is not None and next_id not in {row["id"] for row in await colleagues(branch_id)}:
        raise DomainError("validation-failed", errors=[FieldError("/next_id", "invalid")])
    going = await open_shift(branch_id, until)
    expected = change_kept + going.cash
    made: UUID | None = await connection().fetchval(
        _KEEP,
        current().tenant_id,
        branch_id,
        clerk(),
        going.span.first,
        until,
        _sums(going.shift),
        [[way, amount] for way, amount in in_order(going.shift.takings)],
        change_kept,
        expected,
        counted,
        note,
        next_id,
        await tenant_now(),
    )
    if made is None:
        row = await connection().fetchrow(_BEGUN, current().tenant_id, branch_id, clerk(), going.span.first)
        if row is None:
            raise DomainError("conflict")
        return row
    detail = {"expected": expected, "counted": counted, "next": None if next_id is None else str(next_id)}
    await record("shift.hand_over", f"shift:{made}", detail)
    return await handover(made)


async def _signed(branch_id: UUID, until: datetime) -> asyncpg.Record | None:
    return await connection().fetchrow(
        f"{_SHOWN} AND h.branch_id = $2 AND h.clerk_id = $3 AND h.to_at = $4",
        current().tenant_id,
        branch_id,
        clerk(),
        until,
    )


def _sums(shift: Shift) -> dict[str, Mapping[str, Any]]:
    found = {kind: shift.sums[kind] for kind in KINDS} | {f"undone_{k}": each for k, each in shift.undone.items()}
    return {kind: {"count": each.count, "amount": each.amount} for kind, each in found.items() if each.count}


async def require_not_signed(branch_id: UUID, recorded_at: datetime) -> None:
    """That what the asker recorded then is on no sheet that was signed: the cash that goes back would be missing in the
    drawer of who goes on. Raises DomainError `undo-handed-over`.
    """
    last = await connection().fetchval(_LAST, current().tenant_id, clerk(), branch_id)
    if last is not None and recorded_at < last:
        raise DomainError("undo-handed-over")


async def handover(handover_id: UUID) -> asyncpg.Record:
    """One that was signed. Raises DomainError `not-found`, also for other branches'."""
    row = await connection().fetchrow(_ONE, current().tenant_id, handover_id)
    if row is None or not current().principal.may_at(row["branch_id"]):
        raise DomainError("not-found")
    return row


async def lately(branch_id: UUID, count: int) -> list[asyncpg.Record]:
    """The branch's last ones, the newest first."""
    return await connection().fetch(_LATELY, current().tenant_id, branch_id, count)


async def handed_over(span: Span, branch_ids: Collection[UUID] | None, count: int) -> list[asyncpg.Record]:
    """Those signed within the span at these branches (None: all), the newest first."""
    wanted = None if branch_ids is None else list(branch_ids)
    return await connection().fetch(_IN, current().tenant_id, span.first, span.end, wanted, count)


async def handed_to_me() -> list[asyncpg.Record]:
    """Those that wait for the asker to take them over."""
    return await connection().fetch(_TO_ME, current().tenant_id, clerk())


async def receive(handover_id: UUID) -> None:
    """The asker has counted it, too. Again is fine. Raises DomainError `not-found`, and `not-permitted`
    for what was handed to somebody else.
    """
    row = await handover(handover_id)
    if row["next_id"] != clerk():
        raise DomainError("not-permitted")
    if await connection().fetchval(_RECEIVE, current().tenant_id, handover_id, clerk()):
        await record("shift.receive", f"shift:{handover_id}", {"counted": row["counted"]})


async def colleagues(branch_id: UUID) -> list[asyncpg.Record]:
    """Who may go on at this branch."""
    return await connection().fetch(_COLLEAGUES, current().tenant_id, clerk(), branch_id)

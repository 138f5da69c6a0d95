"""Sells a pass, uses it, takes a use back, pays back what isn't used: each behind the member's lock."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import Body
from tenants.approvals.limits import require_approval
from tenants.members.named import WHO, lock_named
from tenants.members.row import lock_member
from tenants.passes.bodies import PassBody, RefundBody, UndoBody, UseBody
from tenants.passes.ledger import Entry, move, sell
from tenants.passes.reading import entry_by_number, entry_row, money_back, pass_by_number, pass_row, undo_of

UNDO_WITHIN: Final = timedelta(minutes=15)
_PLACE: Final = """
SELECT t.status, b.id AS branch_id, b.closed_at,
       ((clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone)::date AS today
  FROM tenant AS t LEFT JOIN branch AS b ON b.tenant_id = t.tenant_id AND b.id = $2 WHERE t.tenant_id = $1
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A row and whether it was written now, or had been before."""

    row: asyncpg.Record
    first: bool


async def sell_pass(body: PassBody) -> Written:
    """A pass, whose money counts in no metric: it is prepaid.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `card-lost`, `unknown-branch`,
    `branch-closed`, `not-permitted`, `tenders-do-not-match`, `external-id-conflict`, `tenant-closed`, and
    `validation-failed` for a last day before today.
    """
    body.check_tenders()
    member = await lock_named(body)
    place = await _place(body.branch_id)
    mark = _fingerprint(body, WHO)
    known = await pass_by_number(body.external_id)
    if known is not None:
        if known["fingerprint"] != mark or known["member_id"] != member["id"]:
            raise DomainError("external-id-conflict", params={"external_id": body.external_id})
        return Written(known, first=False)
    _require_open(member, place, body.branch_id)
    if body.valid_until < place["today"]:
        raise DomainError("validation-failed", errors=[FieldError("/valid_until", "in-the-past")])
    values = body.model_dump(include={"branch_id", "product", "uses", "price", "valid_until", "external_id", "sold_by"})
    tenders = body.model_dump(mode="json", include={"tenders"})["tenders"]
    made = await sell(
        values
        | {
            "member_id": member["id"],
            "fingerprint": mark,
            "tenders": tenders,
            "recorded_at": member["locked_at"],
            "seq": member["seq"],
        }
    )
    if made is None:  # another member's till took the number while we worked
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    return Written(await pass_row(made), first=True)


async def use_pass(pass_id: UUID, body: UseBody) -> Written:
    """The entry of one or more visits.

    Raises DomainError `not-found`, `member-closed`, `pass-ended` after its last day, `pass-used-up` where it hasn't so
    many left, `external-id-conflict`, and those of the branch and the chain.
    """
    member, row = await _lock_pass(pass_id)
    place = await _place(body.branch_id)
    mark = _fingerprint(body, (), pass_id)
    known = await _repeated("use", body.external_id, mark)
    if known is not None:
        return Written(known, first=False)
    _require_open(member, place, body.branch_id)
    if row["valid_until"] < place["today"]:
        raise DomainError("pass-ended", params={"valid_until": row["valid_until"]})
    entry = Entry(
        pass_id,
        member["seq"],
        "use",
        -body.count,
        body.branch_id,
        member["locked_at"],
        external_id=body.external_id,
        fingerprint=mark if body.external_id else None,
    )
    return Written(await _move(entry, row), first=True)


async def undo_use(pass_id: UUID, body: UndoBody) -> Written:
    """Gives a use back that wasn't one: by who entered it, within 15 minutes. Undone before: the first answer.

    Raises DomainError `not-found`, `member-closed`, `undo-not-yours`, `undo-too-late`, `tenant-closed`, and
    `validation-failed` at `/entry_id` for what is no use of this pass.
    """
    member, row = await _lock_pass(pass_id)
    used = await entry_row(pass_id, body.entry_id)
    if used is None or used["kind"] != "use":
        raise DomainError("validation-failed", errors=[FieldError("/entry_id", "unknown-pass-use")])
    await _place(used["branch_id"])
    if used["actor"] != current().principal.actor:
        raise DomainError("undo-not-yours")
    known = await undo_of(body.entry_id)
    if known is not None:
        return Written(known, first=False)
    _require_active(member)
    if member["locked_at"] > used["recorded_at"] + UNDO_WITHIN:
        raise DomainError("undo-too-late", params={"minutes": UNDO_WITHIN.seconds // 60})
    undo = Entry(
        pass_id,
        member["seq"],
        "undo_use",
        -used["uses"],
        used["branch_id"],
        member["locked_at"],
        source_id=body.entry_id,
    )
    return Written(await _move(undo, row), first=True)


async def refund_pass(pass_id: UUID, body: RefundBody) -> Written:
    """Pays unused visits back pro rata, of an ended pass and to who has left too. The entry's `amount` is minus what
    leaves the till.

    Raises DomainError `not-found`, `pass-used-up`, `external-id-conflict`, `approval-needed` for a clerk who would have
    more of one pass paid back than the chain's limit, and those of the branch and the chain.
    """
    member, row = await _lock_pass(pass_id)
    place = await _place(body.branch_id)
    mark = _fingerprint(body, (), pass_id)
    known = await _repeated("refund", body.external_id, mark)
    if known is not None:
        return Written(known, first=False)
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    uses = row["left"] if body.uses is None else body.uses
    if not 0 < uses <= row["left"]:
        raise DomainError("pass-used-up", params={"left": row["left"]})
    paid = money_back(row["price"], row["uses"], row["returned"], row["paid_back"], uses)
    if paid:  # prepaid money, as the wallet's
        await require_approval("wallet.refund", f"pass:{pass_id}", paid, so_far=row["paid_back"])
    refund = Entry(
        pass_id,
        member["seq"],
        "refund",
        -uses,
        body.branch_id,
        member["locked_at"],
        amount=-paid,
        external_id=body.external_id,
        fingerprint=mark if body.external_id else None,
        tender=body.tender,
        reason=body.reason,
    )
    return Written(await _move(refund, row), first=True)


async def _lock_pass(pass_id: UUID) -> tuple[asyncpg.Record, asyncpg.Record]:
    """The member's lock, then the pass, read behind it. Raises DomainError `not-found`."""
    member = await lock_member((await pass_row(pass_id))["member_id"])
    return member, await pass_row(pass_id)


async def _place(branch_id: UUID) -> asyncpg.Record:
    """Raises DomainError `not-permitted`, `tenant-closed`, `unknown-branch`."""
    if not current().principal.may_at(branch_id):
        raise DomainError("not-permitted")
    place = await connection().fetchrow(_PLACE, current().tenant_id, branch_id)
    if place is None or place["status"] in CLOSED:
        raise DomainError("tenant-closed")
    if place["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(branch_id)})
    return place


def _require_open(member: asyncpg.Record, place: asyncpg.Record, branch_id: UUID) -> None:
    _require_active(member)
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(branch_id)})


def _require_active(member: asyncpg.Record) -> None:
    if member["status"] != "active":
        raise DomainError("member-closed")


async def _move(entry: Entry, row: asyncpg.Record) -> asyncpg.Record:
    made = await move(entry)
    if made is None:
        raise DomainError("pass-used-up", params={"left": row["left"]})
    return made


async def _repeated(kind: str, external_id: str | None, mark: bytes) -> asyncpg.Record | None:
    known = None if external_id is None else await entry_by_number(kind, external_id)
    if known is not None and known["fingerprint"] != mark:
        raise DomainError("external-id-conflict", params={"external_id": external_id})
    return known


def _fingerprint(body: Body, but: Collection[str], pass_id: UUID | None = None) -> bytes:
    """SHA-256 of what was sent, but for who is meant: a merge or a new phone may have renamed it since."""
    sent: dict[str, Any] = body.model_dump(mode="json", exclude_none=True, exclude=set(but))
    if pass_id is not None:
        sent["pass_id"] = str(pass_id)
    return sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode()).digest()

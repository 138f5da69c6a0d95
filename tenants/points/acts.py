"""Points moved by hand, and points spent at the counter without a purchase."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.approvals.limits import require_approval
from tenants.audit.record import record
from tenants.branches.branch import require_named
from tenants.members.named import WHO, active_named, names
from tenants.members.row import lock_active
from tenants.points.bodies import AdjustBody, RedeemBody
from tenants.points.book import Fact
from tenants.points.ledger import post, read
from tenants.points.lots import NewLot, expiry_day
from tenants.programme.versions import programme
from tenants.programme.windows import local_day

Act = Literal["adjust", "redeem"]

_PLACE: Final = """
SELECT t.status, t.timezone, t.programme_version, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2 WHERE t.tenant_id = $1"""
_TAKE_NUMBER: Final = """
INSERT INTO points_act AS a (tenant_id, member_id, seq, act, points, external_id, fingerprint, branch_id, reason,
                             expires_on, recorded_at, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING a.id"""
_KNOWN: Final = """
SELECT a.id, a.member_id, a.points, a.external_id, a.fingerprint, a.recorded_at, e.balance
  FROM points_act a JOIN points_entry e ON e.tenant_id = a.tenant_id AND e.source_id = a.id
   AND e.kind = CASE a.act WHEN 'adjust' THEN 'adjust' ELSE 'use' END
 WHERE a.tenant_id = $1 AND a.external_id = $2"""


@dataclass(frozen=True, slots=True)
class Moved:
    """`points` as they were sent, `balance` after them. `first` is false where the same content had been recorded
    before: this is its first answer.
    """

    id: UUID
    member_id: UUID
    points: int
    balance: int
    external_id: str | None
    recorded_at: datetime
    first: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    today: date
    expires_on: date | None


async def adjust(body: AdjustBody) -> Moved:
    """Gives points by hand, or takes them, pending ones too, never below 0; kept in the audit log.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `external-id-conflict`, `tenant-closed`, `not-enough-points`,
    `approval-needed` for a clerk beyond the chain's limit, `validation-failed` for an `expires_on` in the past.
    """
    moved = await _move("adjust", body)
    if moved.first:
        detail = {"points": moved.points, "act_id": str(moved.id)}  # the reason may name the person
        await record("points.adjust", f"member:{moved.member_id}", detail)
    return moved


async def redeem(body: RedeemBody) -> Moved:
    """Spends points that may be spent today. Raises as `adjust`, and DomainError `points-in-debt`."""
    return await _move("redeem", body)


async def _move(act: Act, body: AdjustBody | RedeemBody) -> Moved:
    require_named(body.branch_id)
    mark = _fingerprint(act, body)
    try:
        member = await lock_active(await active_named(body))
        known = await _known(body)
        if known is not None:
            return await _first_answer(body, known, mark)
        if act == "adjust":
            await require_approval("points.adjust", f"member:{member['id']}", abs(body.points))
        place = await _place(body, member)
    except DomainError as refused:  # who never heard the answer to what is in already still gets it
        known = await _known(body)
        if known is None or refused.code == "external-id-conflict":
            raise
        return await _first_answer(body, known, mark)
    expires_on = place.expires_on if act == "adjust" and body.points > 0 else None
    act_id: UUID | None = await connection().fetchval(
        _TAKE_NUMBER,
        current().tenant_id,
        member["id"],
        member["seq"],
        act,
        body.points,
        body.external_id,
        None if body.external_id is None else mark,
        body.branch_id,
        body.reason,
        expires_on,
        member["locked_at"],
        current().principal.actor,
    )
    if act_id is None:  # somebody else's, taken while we were at work
        raise _conflict(body)
    balance = await _post(act, body, member, act_id, replace(place, expires_on=expires_on))
    return Moved(act_id, member["id"], body.points, balance, body.external_id, member["locked_at"])


async def _post(act: Act, body: AdjustBody | RedeemBody, member: asyncpg.Record, act_id: UUID, place: _Place) -> int:
    """The balance after it."""
    fact = Fact(
        member["id"],
        member["seq"],
        act_id,
        member["locked_at"],
        place.today,
        current().principal.actor,
        body.branch_id,
        body.reason,
    )
    book = await read(member["id"])
    if act == "redeem":
        book.spend(fact, "use", body.points)
    elif body.points < 0:
        book.withdraw(fact, "adjust", -body.points)
    else:
        book.accrue(fact, "adjust", NewLot(body.points, body.points, place.today, place.today, place.expires_on))
    await post(book.postings)
    return book.account.balance


async def _place(body: AdjustBody | RedeemBody, member: asyncpg.Record) -> _Place:
    """Today, and when points given today end. Raises DomainError as `adjust`."""
    row = await connection().fetchrow(_PLACE, current().tenant_id, body.branch_id)
    if row is None or row["status"] in CLOSED:
        raise DomainError("tenant-closed")
    if body.branch_id is not None and row["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
    if row["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    today = local_day(member["locked_at"], ZoneInfo(row["timezone"]))
    given = body.expires_on if isinstance(body, AdjustBody) else None
    if given is not None and given < today:
        raise DomainError("validation-failed", errors=[FieldError("/expires_on", "in-the-past")])
    rules = (await programme(row["programme_version"])).points
    return _Place(today, given or expiry_day(rules.expiry, today))


def _fingerprint(act: Act, body: AdjustBody | RedeemBody) -> bytes:
    """What makes two requests the same: everything that was sent but the member, which may have another id since."""
    sent = {"act": act, **body.model_dump(mode="json", exclude_none=True, exclude=set(WHO))}
    return sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode()).digest()


async def _known(body: AdjustBody | RedeemBody) -> asyncpg.Record | None:
    if body.external_id is None:
        return None
    return await connection().fetchrow(_KNOWN, current().tenant_id, body.external_id)


async def _first_answer(body: AdjustBody | RedeemBody, known: asyncpg.Record, mark: bytes) -> Moved:
    """What was answered at first, if it is the same. Raises DomainError `external-id-conflict`."""
    if known["fingerprint"] != mark or not await names(body, known["member_id"]):
        raise _conflict(body)
    return Moved(
        known["id"],
        known["member_id"],
        known["points"],
        known["balance"],
        known["external_id"],
        known["recorded_at"],
        first=False,
    )


def _conflict(body: AdjustBody | RedeemBody) -> DomainError:
    return DomainError("external-id-conflict", params={"external_id": body.external_id})

"""A till that took a coupon's value by itself says so; staff take one back that must not be used."""

import json
from hashlib import sha256
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.savepoint import savepoint
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch
from tenants.coupons.bodies import RedeemBody
from tenants.coupons.held import by_id, by_number, held
from tenants.coupons.ledger import not_usable, post
from tenants.coupons.postings import Posting
from tenants.members.row import lock_active, lock_member
from tenants.programme.windows import local_day

_PLACE: Final = """
SELECT t.status, t.timezone, clock_timestamp() + t.clock_offset AS now, b.code FROM tenant t
  JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2 WHERE t.tenant_id = $1"""
_CLOCK: Final = "SELECT status, timezone, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"
_KNOWN: Final = "SELECT grant_id, fingerprint FROM coupon_entry WHERE tenant_id = $1 AND external_id = $2"


async def redeem(body: RedeemBody) -> tuple[asyncpg.Record, bool]:
    """Uses the coupon up. Its row (`held`), and whether this is the first time: the same `external_id` with the same
    content is answered again.

    Raises DomainError `unknown-coupon`, `coupon-not-usable`, `coupon-not-here`, `member-closed`,
    `external-id-conflict`, `tenant-closed`, and what `require_branch` raises.
    """
    found = await _find(body)
    mark = _fingerprint(body, found["id"])
    earlier = await _earlier(body, mark)
    if earlier is not None:
        return earlier, False
    await require_branch(body.branch_id)
    place = await connection().fetchrow(_PLACE, current().tenant_id, body.branch_id)
    if place is None or place["status"] in CLOSED:
        raise DomainError("tenant-closed")
    branches = found["terms"].get("branches")
    if branches and place["code"] not in branches:
        raise DomainError("coupon-not-here", params={"code": found["code"]})
    try:
        async with savepoint():  # so that a repeat takes no number of the member's
            await _use(body, mark, found, place)
    except DomainError as refused:
        earlier = await _earlier(body, mark)  # sent twice at once: the other one was faster
        if earlier is None:
            raise refused from None
        return earlier, False
    return await _again(found["id"]), True


async def _find(body: RedeemBody) -> asyncpg.Record:
    if body.grant_id is not None:
        found, at = await by_id(body.grant_id), "/grant_id"
    else:
        found, at = await by_number(body.number or ""), "/number"
    if found is None:
        raise DomainError("unknown-coupon", errors=[FieldError(at, "unknown-coupon")])
    return found


async def _again(grant_id: UUID) -> asyncpg.Record:
    row = await by_id(grant_id)
    if row is None:
        raise RuntimeError("a coupon is never deleted")
    return row


async def _earlier(body: RedeemBody, mark: bytes) -> asyncpg.Record | None:
    if body.external_id is None:
        return None
    known = await connection().fetchrow(_KNOWN, current().tenant_id, body.external_id)
    if known is None:
        return None
    if known["fingerprint"] != mark:
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    return await _again(known["grant_id"])


def _fingerprint(body: RedeemBody, grant_id: UUID) -> bytes:
    sent = [str(grant_id), str(body.branch_id), body.amount]
    return sha256(json.dumps(sent).encode()).digest()


async def _use(body: RedeemBody, mark: bytes, found: asyncpg.Record, place: asyncpg.Record) -> None:
    member_id, seq, now = None, None, place["now"]
    if found["member_id"] is not None:
        member = await lock_active(found["member_id"])
        member_id, seq, now = member["id"], member["seq"], member["locked_at"]
    use = Posting(
        kind="use",
        grant_id=found["id"],
        member_id=member_id,
        seq=seq,
        day=local_day(now, ZoneInfo(place["timezone"])),
        recorded_at=now,
        actor=current().principal.actor,
        branch_id=body.branch_id,
        amount=body.amount,
        external_id=body.external_id,
        fingerprint=None if body.external_id is None else mark,
    )
    await post([use])


async def void(reference: str, reason: str) -> asyncpg.Record:
    """Nobody can use it any more. Raises DomainError `not-found`, `tenant-closed`, `coupon-not-usable` for one that is
    used, void or expired already.
    """
    found = await held(reference)
    clock = await connection().fetchrow(_CLOCK, current().tenant_id)
    if clock is None or clock["status"] in CLOSED:
        raise DomainError("tenant-closed")
    member_id, seq, now = None, None, clock["now"]
    if found["member_id"] is not None:
        member = await lock_member(found["member_id"])
        member_id, seq, now = member["id"], member["seq"], member["locked_at"]
    today = local_day(now, ZoneInfo(clock["timezone"]))
    if found["valid_until"] < today and found["state"] == "open":
        raise not_usable(found["code"], "expired")
    taken = Posting(
        kind="void",
        grant_id=found["id"],
        member_id=member_id,
        seq=seq,
        day=today,
        recorded_at=now,
        actor=current().principal.actor,
        reason=reason,
    )
    await post([taken])
    await record("coupon.void", f"coupon_grant:{found['id']}", {"code": found["code"]})
    return await _again(found["id"])

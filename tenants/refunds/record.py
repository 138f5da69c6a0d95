"""Records one refund, by the till: the member's lock, then the purchase as it is now, then all that follows."""

import json
from hashlib import sha256
from typing import Final
from uuid import UUID

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError, Money, pointer
from saas.scope import connection, current
from tenants.approvals.limits import require_approval
from tenants.pricing.spread import spread
from tenants.refunds.bodies import RefundBody
from tenants.refunds.bought import Bought, find
from tenants.refunds.history import Refunded, by_external_id, refund_made
from tenants.refunds.locking import lock
from tenants.refunds.write import NewRefund, Recording, take_numbers, write_refunds

_TENANT: Final = "SELECT t.status, t.timezone, t.programme_version FROM tenant t WHERE t.tenant_id = $1"


async def record_refund(purchase_id: UUID, body: RefundBody) -> tuple[Refunded, bool]:
    """Gives back a part of a purchase, or all of it, in the current scope. False: the same had been recorded before,
    and this is its first answer.

    Nothing is evaluated now: the member's tiers are marked for their recheck. A closed branch gives back too, and so
    does who has left.

    Raises DomainError `not-found`, `not-permitted` (a key of other branches), `tenant-closed`,
    `external-id-conflict`, `purchase-undone`, `refund-exceeds-purchase`, `validation-failed`, `lines-do-not-match`,
    `approval-needed` for a clerk beyond the chain's limit.
    """
    total = body.total()
    purchase = (await find([purchase_id])).get(purchase_id)
    if purchase is None:
        raise DomainError("not-found")
    if not current().principal.may_at(purchase.branch_id):
        raise DomainError("not-permitted")
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None or tenant["status"] in CLOSED:
        raise DomainError("tenant-closed")
    mark = _fingerprint(purchase_id, body)
    first = await by_external_id(purchase.branch_id, body.external_id)
    if first is None:
        made = await _record(purchase, body, total, mark, tenant)
        if made is not None:
            return made, True
        first = await by_external_id(purchase.branch_id, body.external_id)  # somebody was faster
    if first is None or first.fingerprint != mark:
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    return first.refund, False


def _fingerprint(purchase_id: UUID, body: RefundBody) -> bytes:
    """What makes two reports of a refund the same: everything that was sent."""
    sent = {"purchase": str(purchase_id), **body.model_dump(mode="json", exclude_none=True)}
    return sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode()).digest()


async def _record(
    purchase: Bought, body: RefundBody, total: int, mark: bytes, tenant: asyncpg.Record
) -> Refunded | None:
    """None where the number was taken meanwhile."""
    purchase, place = await lock(purchase)
    if purchase.undone:
        raise DomainError("purchase-undone")
    # Read behind the lock: this very refund's repeat, sent at once, has its number by now.
    if await by_external_id(purchase.branch_id, body.external_id) is not None:
        return None
    await require_approval("purchase.refund", f"purchase:{purchase.id}", total, so_far=purchase.refunded)
    shares = _shares(purchase, body, total)
    after = purchase.less(total, shares)
    refund_id = await connection().fetchval("SELECT uuidv7()")  # the database's: made behind the lock
    refund = NewRefund(refund_id, purchase, after, shares, place.seq, body.external_id, mark, body.reason)
    if not await take_numbers([refund]):
        return None
    await write_refunds(
        [refund],
        Recording(place.recorded_at, "api", current().principal.actor, tenant["programme_version"], tenant["timezone"]),
    )
    return await refund_made(refund_id)


def _shares(purchase: Bought, body: RefundBody, total: int) -> list[int]:
    """What is given back of each line; empty where the purchase has none. Raises DomainError as `record_refund`."""
    lines = purchase.lines or ()
    if body.lines is not None:
        return _named(purchase, body)
    if total > purchase.left:
        raise _too_much(FieldError("/amount", "too-large", {"max": Money(purchase.left)}), purchase.left)
    return spread(total, purchase.left_of_lines) if lines else []


def _named(purchase: Bought, body: RefundBody) -> list[int]:
    left, named = purchase.left_of_lines, body.lines or []
    if not left:
        raise DomainError("validation-failed", errors=[FieldError("/lines", "no-lines")])
    unknown = [n for n, line in enumerate(named) if line.line >= len(left)]
    if unknown:
        at = [pointer("lines", n, "line") for n in unknown]
        raise DomainError(
            "validation-failed", errors=[FieldError(each, "too-large", {"max": len(left) - 1}) for each in at]
        )
    shares = [0] * len(left)
    for line in named:
        shares[line.line] = line.amount
    for n, line in enumerate(named):
        if line.amount > left[line.line]:
            at_amount = pointer("lines", n, "amount")
            raise _too_much(FieldError(at_amount, "too-large", {"max": Money(left[line.line])}), purchase.left)
    return shares


def _too_much(error: FieldError, left: int) -> DomainError:
    return DomainError("refund-exceeds-purchase", params={"left": Money(left)}, errors=[error])

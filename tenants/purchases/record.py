"""Records a purchase: the fact, its aggregates and measures, what it moves in points, wallet and coupons, and the tiers
that it decides, all or nothing.

Five round trips with BEGIN and COMMIT: the member's lock with everything that the purchase is priced by; the fact with
its aggregates and value; the evaluation with its decisions.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.scope import begin_again, connection, current
from tenants.campaigns.offers import triggers
from tenants.campaigns.when import OnTierReached
from tenants.confirming.confirm import Ahead, confirm
from tenants.coupons import ledger as coupons_ledger
from tenants.coupons import till as coupons_till
from tenants.points import ledger as points_ledger
from tenants.points import till as points_till
from tenants.programme.versions import current_version, programme
from tenants.purchases.ahead import pin_ahead
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.context import Context, asks, context_of, read
from tenants.purchases.fingerprint import details_digest, fingerprint
from tenants.purchases.first_fact import settle_settings
from tenants.purchases.guests import with_printed
from tenants.purchases.parts import measures
from tenants.purchases.recorded import Recorded, just_recorded, recorded
from tenants.purchases.statements import CouponsForm, PointsForm, lock_by_id, record
from tenants.purchases.ticket import Ticket, reckon
from tenants.purchases.whose import located, meant, named
from tenants.referrals.counting import count
from tenants.tiers.evaluate import Change, Known, evaluate_fact
from tenants.triggers import queue
from tenants.wallet import ledger as wallet_ledger
from tenants.wallet import till as wallet_till

FUTURE: Final = timedelta(days=1)
_TRIES: Final = 5
"""A member found may be merged before it is locked: then the survivor is."""

Mark = Callable[[UUID | None], bytes]
"""A purchase's fingerprint, by its member."""


async def record_purchase(body: PurchaseBody) -> Recorded:
    """Writes one purchase in the current scope.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `external-id-conflict`, `tenant-closed`, those of the body's own checks,
    of the reckoning (`ticket.reckon`) and of the member's consent (`confirming.confirm`).
    """
    amount = body.total()
    if not current().principal.may_at(body.branch_id):
        raise DomainError("not-permitted")
    mark = partial(fingerprint, occurred_at=body.occurred_at, amount=amount, details=details_digest(body.details()))
    ahead = await pin_ahead(body)
    try:
        place = await _lock(body)
    except DomainError as refused:  # who has left, or whose code is used, is still answered what was sold before
        if refused.code not in _AFTERWARDS:
            raise
        return await _first_answer(body, await meant(body), mark, otherwise=refused)
    try:
        context, ticket = await _reckoned(body, place, ahead)
    except DomainError as refused:  # a till that never heard the answer to its last sale still gets it
        return await _first_answer(body, place["member_id"], mark, otherwise=refused)
    occurred_at = body.occurred_at or context.recorded_at
    made = await _write(body, context, ticket, mark(context.member_id), occurred_at, brought=place["brought"])
    if made is None:
        if await current_version() != context.version:  # published since: everything is reckoned anew
            begin_again()
            raise DomainError("busy")
        return await _first_answer(body, context.member_id, mark, otherwise=_conflict(body))
    changes = await _follow(context, ticket, made)
    return just_recorded(made["id"], body, context, ticket, changes)


_AFTERWARDS: Final = {"member-closed", "code-ended"}


def _conflict(body: PurchaseBody) -> DomainError:
    return DomainError("external-id-conflict", params={"external_id": body.external_id})


async def _reckoned(body: PurchaseBody, place: asyncpg.Record, ahead: Ahead | None) -> tuple[Context, Ticket]:
    """The purchase as it is going to be written, with the member's consent."""
    if body.occurred_at is not None and body.occurred_at > place["recorded_at"] + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    if not place["has_facts"]:
        await settle_settings()
    context = await _context(body, place)
    if context.taken:
        raise _conflict(body)
    ticket = await reckon(body, context, await programme(context.version))
    if context.member_id is not None and body.wallet_amount > ticket.confirm_above:
        await confirm(context.member_id, body.wallet_amount, body.wallet_consent, context.recorded_at, ahead)
    return context, await with_printed(ticket, context)


async def _follow(context: Context, ticket: Ticket, made: asyncpg.Record) -> list[Change]:
    """What a member's purchase decides and causes."""
    if context.member_id is None:
        return []
    changes = await evaluate_fact(
        context.member_id,
        context.version,
        context.recorded_at,
        context.zone.key,
        "purchase",
        context.purchase_id,
        ticket.day,
        known=Known(
            awaited=any(isinstance(one.campaign.when, OnTierReached) for one in context.running),
            first_under=made["is_first_under"],
        ),
    )
    if made["is_first"]:
        await count([context.member_id])
    if context.running and triggers(context.running, ticket.net):
        await queue("purchase", {"purchase_id": str(context.purchase_id)})
    return changes


async def _context(body: PurchaseBody, place: asyncpg.Record) -> Context:
    """What was read with the lock; read again where somebody else had the lock meanwhile, or the time zone had to be
    settled first.
    """
    stale = place["waited"] or (place["member_id"] is not None and place["seen_seq"] != place["seq"] - 1)
    row = await read(body, place["member_id"], place["recorded_at"]) if stale or not place["has_facts"] else place
    return context_of(row, seq=place["seq"] or 0, purchase_id=place["purchase_id"])


async def _write(
    body: PurchaseBody, context: Context, ticket: Ticket, mark: bytes, occurred_at: datetime, *, brought: bool
) -> asyncpg.Record | None:
    """The fact with all that it moves; None where the number is taken, or other rules are in force. Raises what the
    ledgers find: then nothing of it may last.
    """
    member_id = context.member_id
    arguments: list[Any] = [
        current().tenant_id,
        body.branch_id,
        body.external_id,
        mark,
        member_id,
        context.seq if member_id is not None else None,
        occurred_at,
        context.recorded_at,
        ticket.day,
        ticket.net,
        ticket.lines,
        ticket.tenders,
        body.sold_by,
        current().principal.actor,
        sum(ticket.counted),
        context.version,
        context.purchase_id,
        ticket.list_amount,
        ticket.pricing,
    ]
    if member_id is not None:
        parts = measures(body.branch_id, ticket.categories, ticket.counted)
        arguments += [list(parts), list(parts.values()), brought]
    points = _points_form(ticket)
    coupons: CouponsForm | None = None
    if points is not None:
        short = points != "any"
        arguments += points_till.arguments(ticket.points) if short else [[posting.dump() for posting in ticket.points]]
    if ticket.wallet is not None:
        arguments += wallet_till.arguments(ticket.wallet)
    if ticket.coupons:
        coupons = "one" if coupons_till.fits(ticket.coupons) else "any"
        short = coupons == "one"
        arguments += coupons_till.arguments(ticket.coupons) if short else [[each.dump() for each in ticket.coupons]]
    statement = record(member=member_id is not None, points=points, wallet=ticket.wallet is not None, coupons=coupons)
    made = await connection().fetchrow(statement, *arguments)
    if made is None:
        return None
    if ticket.points:
        points_ledger.check(made["points_checked"])
    if ticket.wallet is not None:
        wallet_ledger.check(made)
    if ticket.coupons:
        await coupons_ledger.check(ticket.coupons, made["coupons_written"])
    return made


def _points_form(ticket: Ticket) -> PointsForm | None:
    return (points_till.shape(ticket.points) or "any") if ticket.points else None


async def _lock(body: PurchaseBody) -> asyncpg.Record:
    """The member's lock and next number; its instant is the fact's `recorded_at`. With it tenant, branch, context."""
    lock, who = await named(body)
    asked = asks(body)
    for _ in range(_TRIES):
        arguments = [current().tenant_id, body.branch_id, *who, *asked.values()]
        place = await connection().fetchrow(lock(*asked), *arguments)
        if place is None:
            raise DomainError("internal")
        if place["status"] in CLOSED:
            raise DomainError("tenant-closed")
        if place["branch_id"] is None:
            raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
        if place["member_id"] is not None or who == [None]:
            return place
        lock, who = lock_by_id, [await located(body)]
        begin_again()
    raise DomainError("busy")


async def _first_answer(body: PurchaseBody, member_id: UUID | None, mark: Mark, *, otherwise: DomainError) -> Recorded:
    """The purchase that already has this number, if it is the same; its tiers as they were decided then.

    `member_id`: whose the body is; None for a guest's, and where it leads to nobody. Raises `otherwise` where nobody
    can say that it is this sale, `external-id-conflict` where it is another one.
    """
    row = await connection().fetchrow(
        "SELECT p.*, x.fingerprint, coalesce(m.merged_into, p.member_id) AS holder_id FROM purchase_external x"
        " JOIN purchase p ON p.tenant_id = x.tenant_id AND p.id = x.purchase_id"
        " LEFT JOIN member m ON m.tenant_id = p.tenant_id AND m.id = p.member_id"
        " WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = $3",
        current().tenant_id,
        body.branch_id,
        body.external_id,
    )
    if row is None or (body.has_member and member_id is None):
        raise otherwise
    # Its member may have been merged since: the sale is still the same one.
    if row["holder_id"] != member_id or row["fingerprint"] != mark(row["member_id"]):
        raise _conflict(body)
    return await recorded(row, first=False)

"""Records a purchase: the fact, its aggregates and measures, and the tiers that it decides, all or nothing.

Five round trips with BEGIN and COMMIT: the member's lock with everything that doesn't depend on it; the
fact with its aggregates; the evaluation with its decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import begin_again, connection, current
from tenants.members.identities import CARD, PHONE
from tenants.members.whereabouts import locate, locate_identity, survivor_of
from tenants.programme.windows import local_day
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.fingerprint import details_digest, fingerprint
from tenants.purchases.first_fact import settle_settings
from tenants.purchases.parts import measures
from tenants.purchases.statements import LOCK_BY_ID, LOCK_BY_IDENTITY, RECORD, RECORD_FOR_MEMBER
from tenants.referrals.counting import count
from tenants.tiers.evaluate import Change, evaluate_fact
from tenants.tiers.history import changes_of_fact

FUTURE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to a till. `changes` has every ladder's tier before and after; none for a 散客.

    `first` is false where the same content had been recorded before: this is its first answer. `refunded`: what was
    given back since, in minor units (0 in a first answer).
    """

    id: UUID
    member_id: UUID | None
    branch_id: UUID
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    amount: int
    lines: Any
    tenders: Any
    sold_by: str | None
    changes: list[Change]
    first: bool
    refunded: int = 0


async def record_purchase(body: PurchaseBody) -> Recorded:
    """Writes one purchase in the current scope.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `external-id-conflict`, `tenant-closed`, and those of the body's own
    checks.
    """
    amount = body.total()
    if not current().principal.may_at(body.branch_id):
        raise DomainError("not-permitted")
    details = body.details()
    lines, tenders = details.get("lines"), details.get("tenders")
    mark = partial(fingerprint, occurred_at=body.occurred_at, amount=amount, details=details_digest(details))
    try:
        place = await _lock(body)
    except DomainError as refused:  # who has left since is still answered what was sold before
        if refused.code != "member-closed":
            raise
        return await _first_answer(body, await _meant(body), mark, otherwise=refused)
    recorded_at: datetime = place["recorded_at"]
    occurred_at = body.occurred_at or recorded_at
    if occurred_at > recorded_at + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])
    member_id: UUID | None = place["member_id"]
    if place["closed_at"] is not None:  # a till that never heard the answer to its last sale still gets it
        closed = DomainError("branch-closed", params={"branch": str(body.branch_id)})
        return await _first_answer(body, member_id, mark, otherwise=closed)
    timezone: str = place["timezone"] if place["has_facts"] else await settle_settings()
    day = local_day(occurred_at, ZoneInfo(timezone))
    arguments = [
        current().tenant_id,
        body.branch_id,
        body.external_id,
        mark(member_id),
        member_id,
        place["seq"],
        occurred_at,
        recorded_at,
        day,
        amount,
        lines,
        tenders,
        body.sold_by,
        current().principal.actor,
    ]
    if member_id is not None:
        parts = measures(body.branch_id, amount, lines)
        arguments += [list(parts), list(parts.values()), place["brought"]]
    made = await connection().fetchrow(RECORD if member_id is None else RECORD_FOR_MEMBER, *arguments)
    if made is None:
        conflict = DomainError("external-id-conflict", params={"external_id": body.external_id})
        return await _first_answer(body, member_id, mark, otherwise=conflict)
    changes: list[Change] = []
    if member_id is not None:
        changes = await evaluate_fact(
            member_id, made["programme_version"], recorded_at, timezone, "purchase", made["id"], day
        )
        if made["is_first"]:
            await count([member_id])
    return Recorded(
        made["id"],
        member_id,
        body.branch_id,
        body.external_id,
        occurred_at,
        recorded_at,
        amount,
        lines,
        tenders,
        body.sold_by,
        changes,
        first=True,
    )


async def _lock(body: PurchaseBody) -> asyncpg.Record:
    """The member's lock and next number; its instant is the fact's `recorded_at`. With it tenant and branch."""
    sql, who = _who(body)
    for _ in range(_TRIES):
        place = await connection().fetchrow(sql, current().tenant_id, body.branch_id, *who)
        if place is None:
            raise DomainError("internal")
        if place["status"] in {"suspended", "cancelled"}:
            raise DomainError("tenant-closed")
        if place["branch_id"] is None:
            raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
        if place["member_id"] is not None or who == [None]:
            return place
        sql, who = LOCK_BY_ID, [await _locate(body)]
        begin_again()
    raise DomainError("busy")


_TRIES: Final = 5
"""A member found may be merged before it is locked: then the survivor is."""


def _who(body: PurchaseBody) -> tuple[str, list[Any]]:
    if body.phone is not None:
        return LOCK_BY_IDENTITY, [PHONE, body.phone]
    if body.card_no is not None:
        return LOCK_BY_IDENTITY, [CARD, body.card_no]
    return LOCK_BY_ID, [body.member_id]


async def _locate(body: PurchaseBody) -> UUID:
    """Whom the till means, where the short way found no active member."""
    if body.phone is not None:
        return await locate_identity(PHONE, body.phone)
    if body.card_no is not None:
        return await locate_identity(CARD, body.card_no)
    if body.member_id is None:
        raise DomainError("unknown-member")
    return await locate(body.member_id)


async def _meant(body: PurchaseBody) -> UUID | None:
    """The member that the body's id leads to, whoever it is by now; who has left is known by nothing else."""
    return None if body.member_id is None else await survivor_of(body.member_id)


async def _first_answer(
    body: PurchaseBody, member_id: UUID | None, mark: Callable[[UUID | None], bytes], *, otherwise: DomainError
) -> Recorded:
    """The purchase that already has this number, if it is the same; its tiers as they were decided then.

    Raises `otherwise` where it isn't.
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
    # Its member may have been merged since: the sale is still the same one.
    if row is None or row["holder_id"] != member_id or row["fingerprint"] != mark(row["member_id"]):
        raise otherwise
    return await recorded(row, first=False)


async def recorded(row: asyncpg.Record, *, first: bool, refunded: int = 0) -> Recorded:
    """A stored purchase as its answer."""
    changes: list[Change] = []
    if row["member_id"] is not None:
        changes = await changes_of_fact(
            row["member_id"], row["seq"], row["id"], row["programme_version"], row["recorded_at"]
        )
    return Recorded(
        row["id"],
        row["member_id"],
        row["branch_id"],
        row["external_id"],
        row["occurred_at"],
        row["recorded_at"],
        row["amount"],
        row["lines"],
        row["tenders"],
        row["sold_by"],
        changes,
        first=first,
        refunded=refunded,
    )

"""A purchase as it was recorded, and as it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.context import Context
from tenants.purchases.ticket import Ticket
from tenants.tiers.evaluate import Change
from tenants.tiers.history import changes_of_fact


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to a till. `changes` has every ladder's tier before and after; none for a 散客.

    `amount` is what was to be paid, `list_amount` the same before discounts (None: the till sent final amounts); lines,
    tenders and pricing as they are stored. `first` is false where the same content had been recorded before: this is
    its first answer. `refunded`: what was given back since, in minor units (0 in a first answer).
    """

    id: UUID
    member_id: UUID | None
    branch_id: UUID
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    amount: int
    list_amount: int | None
    lines: Any
    tenders: Any
    pricing: Any
    sold_by: str | None
    changes: list[Change]
    first: bool
    refunded: int = 0
    undone_at: datetime | None = None


def just_recorded(
    purchase_id: UUID, body: PurchaseBody, context: Context, ticket: Ticket, changes: list[Change]
) -> Recorded:
    """The first answer, from what was just written."""
    occurred_at = body.occurred_at or context.recorded_at
    return Recorded(
        purchase_id,
        context.member_id,
        body.branch_id,
        body.external_id,
        occurred_at,
        context.recorded_at,
        ticket.net,
        ticket.list_amount,
        ticket.lines,
        ticket.tenders,
        ticket.pricing,
        body.sold_by,
        changes,
        first=True,
    )


async def recorded(
    row: asyncpg.Record, *, first: bool, refunded: int = 0, undone_at: datetime | None = None
) -> Recorded:
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
        row["list_amount"],
        row["lines"],
        row["tenders"],
        row["pricing"],
        row["sold_by"],
        changes,
        first=first,
        refunded=refunded,
        undone_at=undone_at,
    )


def value_out(
    amount: int, list_amount: int | None, lines: Any, tenders: Any, pricing: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a purchase (or a quote) came to, as JSON data: `amount` is the list price, `paid` what was to be paid, by
    points, wallet and tenders together. `wallet`: what it paid. `points`: the balance behind it, where points moved.
    """
    said = pricing or {}
    by_type = {tender["type"]: tender for tender in tenders or ()}
    points, wallet = by_type.get("points", {}), by_type.get("wallet", {})
    return {
        "amount": amount if list_amount is None else list_amount,
        "discounts": said.get("discounts", []),
        "paid": amount,
        "lines": lines,
        "tenders": tenders,
        "points_earned": said.get("points", 0),
        "points_redeemed": points.get("points", 0),
        "wallet": {"principal": wallet.get("principal", 0), "bonus": wallet.get("bonus", 0)},
        "points": {"balance": said["balance"]} if "balance" in said else None,
        "printed_coupons": said.get("printed", []),
    }

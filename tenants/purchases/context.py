"""What a purchase is priced, paid and credited by, as it was read: the tiers held, points, wallet, coupons, prices,
running campaigns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.campaigns.offers import Running, parse_running
from tenants.points.ledger import account_of, lots_of
from tenants.points.lots import Account, Lot
from tenants.pricing.basket import ListPrice
from tenants.programme.windows import local_day
from tenants.purchases import statements
from tenants.purchases.bodies import TicketBody
from tenants.purchases.statements import OPEN_GRANTS, Asked
from tenants.wallet.reading import Wallet, wallet_of

_UUID_LENGTH: Final = 36


@dataclass(frozen=True, slots=True)
class Grant:
    """A coupon in somebody's hand; `member_id` None: a printed one."""

    id: UUID
    code: str
    member_id: UUID | None
    number: str | None
    terms: Mapping[str, Any]
    state: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Context:
    """`held`: tiers by ladder, those above the base. `today`: the local day of `recorded_at`. `version`: of the rules.

    Lots, wallet, grants and prices are there as far as the ticket asks for them (`asks`). `seq` and `purchase_id` come
    with the lock; a quote has neither. `taken`: where the wallet is to pay, the till's number has a purchase already.
    """

    member_id: UUID | None
    seq: int
    purchase_id: UUID
    recorded_at: datetime
    zone: ZoneInfo
    today: date
    currency: str
    version: int
    branch_id: UUID
    branch_code: str
    held: Mapping[str, str]
    account: Account
    lots: tuple[Lot, ...]
    wallet: Wallet
    grants: tuple[Grant, ...]
    prices: Mapping[str, Sequence[ListPrice]]
    running: tuple[Running, ...]
    taken: bool


NOTHING: Final = UUID(int=0)
"""Stands for the purchase that a quote doesn't make."""


def asks(body: TicketBody) -> dict[Asked, Any]:
    """What the ticket asks the context for, with its parameters."""
    ids, numbers = refs(body)
    priced = () if body.external_amounts else (line.sku for line in body.lines or () if line.sku is not None)
    asked: dict[Asked, Any] = {
        "occurred_at": body.occurred_at,
        "points": body.points_to_redeem or None,
        "wallet": (body.external_id or "") if body.wallet_amount else None,
        "grants": ids or None,
        "numbers": numbers or None,
        "skus": sorted(set(priced)) or None,
    }
    return {name: parameter for name, parameter in asked.items() if parameter is not None}


def refs(body: TicketBody) -> tuple[list[UUID], list[str]]:
    """The coupons that the body names, by id and by number."""
    given = body.coupons or ()
    return [UUID(ref) for ref in given if len(ref) == _UUID_LENGTH], [ref for ref in given if len(ref) != _UUID_LENGTH]


def context_of(row: asyncpg.Record, *, seq: int = 0, purchase_id: UUID = NOTHING) -> Context:
    """What `statements` read, in a place that was found."""
    zone = ZoneInfo(row["timezone"])
    prices: dict[str, list[ListPrice]] = {}
    for sku, code, price in row.get("prices") or ():
        prices.setdefault(sku, []).append(ListPrice(code, price))
    return Context(
        row["member_id"],
        seq,
        purchase_id,
        row["recorded_at"],
        zone,
        local_day(row["recorded_at"], zone),
        row["currency"],
        row["programme_version"],
        row["branch_id"],
        row["branch_code"],
        row["held"] or {},
        account_of(row["points"]),
        tuple(lots_of(row.get("points_lots"))),
        wallet_of(row.get("wallet")),
        tuple(grant_of(each) for each in (*(row.get("grants") or ()), *(row.get("numbered") or ()))),
        prices,
        parse_running(row["running"]),
        row.get("taken", False),
    )


def grant_of(value: Sequence[Any]) -> Grant:
    """A coupon as the statements read it."""
    grant_id, code, member_id, number, terms, state, valid_from, valid_until = value
    return Grant(
        UUID(grant_id),
        code,
        None if member_id is None else UUID(member_id),
        number,
        terms,
        state,
        date.fromisoformat(valid_from),
        date.fromisoformat(valid_until),
    )


async def read(body: TicketBody, member_id: UUID | None, recorded_at: datetime | None) -> asyncpg.Record:
    """The context without a lock, as of now or of the instant of a lock that the caller holds.

    Raises DomainError `unknown-branch`.
    """
    asked = asks(body)
    arguments = [current().tenant_id, body.branch_id, member_id, recorded_at, *asked.values()]
    row = await connection().fetchrow(statements.read(*asked), *arguments)
    if row is None:
        raise DomainError("internal")
    if row["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
    return row


async def open_grants(member_id: UUID, today: date) -> list[tuple[Grant, Mapping[str, str]]]:
    """The coupons that the member may use today, with their names; those that end first come first, at most 200."""
    rows = await connection().fetch(OPEN_GRANTS, current().tenant_id, member_id, today)
    return [(grant_of(row["grant"]), row["names"]) for row in rows]

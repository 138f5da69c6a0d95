"""Sales of many members at once: each like one that comes by itself, written in a few statements for all.

Only what is common at a till goes this way: a sale of a member that is paid by tenders, at the rules that hold now. All
else, and whatever turns out to be unusual, is left to `record_purchase`, one after the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.scope import connection, current
from tenants.campaigns.offers import Running, parse_running, triggers
from tenants.campaigns.when import OnTierReached
from tenants.points import ledger as points_ledger
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.purchases import statements
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.context import Context
from tenants.purchases.fingerprint import details_digest, fingerprint
from tenants.purchases.parts import measures
from tenants.purchases.recorded import Recorded, just_recorded
from tenants.purchases.ticket import Ticket, reckon
from tenants.tiers.evaluate import Change, evaluate_at_once
from tenants.tiers.late import is_late
from tenants.triggers import queue
from tenants.wallet.reading import wallet_of

_NOW: Final = timedelta(minutes=15)
"""So long a sale is of now: what the member holds now counts."""
_BRANCHES: Final = "SELECT id, code, closed_at FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


class _UnusualError(Exception):
    """Not to be written together after all, with these members or (none) with anybody: what was written is undone, and
    no number is lost.
    """

    def __init__(self, members: Collection[UUID] = ()) -> None:
        self.members = frozenset(members)


_MANY: Final = 50
"""From so many on statements are planned for the very arrays that they get. A plan that is kept for any expects some
hundred, and joins them by going through them for each: a thousand took 1.8 s instead of 0.4 s.
"""


@dataclass(frozen=True, slots=True)
class _Chain:
    """What holds for all of them."""

    zone: ZoneInfo
    currency: str
    rules: Programme
    branches: Mapping[UUID, str]
    running: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class _Sale:
    """One of them, reckoned up."""

    body: PurchaseBody
    context: Context
    ticket: Ticket

    @property
    def occurred_at(self) -> datetime:
        return self.body.occurred_at or self.context.recorded_at

    def row(self) -> dict[str, Any]:
        """As `statements.RECORD_MANY` takes it."""
        body, context, ticket = self.body, self.context, self.ticket
        mark = fingerprint(context.member_id, body.occurred_at, body.total(), details_digest(body.details()))
        return {
            "purchase_id": str(context.purchase_id),
            "branch_id": str(body.branch_id),
            "external_id": body.external_id,
            "mark": mark.hex(),
            "member_id": str(context.member_id),
            "seq": context.seq,
            "occurred_at": self.occurred_at.isoformat(),
            "recorded_at": context.recorded_at.isoformat(),
            "day": ticket.day.isoformat(),
            "net": ticket.net,
            "counted": sum(ticket.counted),
            "list_amount": ticket.list_amount,
            "lines": ticket.lines,
            "tenders": ticket.tenders,
            "pricing": ticket.pricing,
            "sold_by": body.sold_by,
        }

    def recorded(self, changes: list[Change]) -> Recorded:
        """The till's answer."""
        return just_recorded(self.context.purchase_id, self.body, self.context, self.ticket, changes)


def is_plain(body: PurchaseBody) -> bool:
    """Whether a member's sale uses nothing but money, at the prices that were sent."""
    sku = body.lines is not None and any(line.sku is not None for line in body.lines)
    return not (body.coupons or body.points_to_redeem or body.wallet_amount or body.wallet_consent) and (
        body.external_amounts or not sku
    )


async def record_together(sales: Mapping[UUID, PurchaseBody]) -> dict[UUID, Recorded]:
    """Records plain sales, by their members, whose locks the caller holds. Who isn't in the answer, for whatever
    reason, has to be recorded alone: nothing of it was written.
    """
    chain = await _chain(sales.values())
    if chain is None:
        return {}
    fit = {who: body for who, body in sales.items() if _fits(body, chain)}
    if len(fit) < _MANY:
        return await _written(fit, chain)
    await connection().execute("SET LOCAL plan_cache_mode = force_custom_plan")
    made = await _written(fit, chain)
    await connection().execute("SET LOCAL plan_cache_mode = auto")
    return made


async def _written(fit: dict[UUID, PurchaseBody], chain: _Chain) -> dict[UUID, Recorded]:
    while fit:
        try:
            async with savepoint():
                return await _write(await _reckoned(fit, chain), chain)
        except _UnusualError as found:
            fit = {who: body for who, body in fit.items() if found.members and who not in found.members}
    return {}


async def _chain(bodies: Any) -> _Chain | None:
    """None where nothing can be sold, or the first sale has to settle something."""
    row = await connection().fetchrow(statements.CHAIN, current().tenant_id)
    if row is None or row["status"] in CLOSED or not row["has_facts"]:
        return None
    rules = await programme(row["programme_version"])
    branches = await connection().fetch(_BRANCHES, current().tenant_id, list({body.branch_id for body in bodies}))
    still = {branch["id"]: branch["code"] for branch in branches if branch["closed_at"] is None}
    return _Chain(ZoneInfo(row["timezone"]), row["currency"], rules, still, parse_running(row["running"]))


def _fits(body: PurchaseBody, chain: _Chain) -> bool:
    try:
        body.total()
    except DomainError:
        return False
    return body.branch_id in chain.branches and current().principal.may_at(body.branch_id)


async def _reckoned(sales: Mapping[UUID, PurchaseBody], chain: _Chain) -> list[_Sale]:
    """As they are going to be written, without members that aren't there. Raises _UnusualError."""
    rows = await connection().fetch(statements.MEMBERS, current().tenant_id, list(sales))
    members = {row["member_id"]: row for row in rows}
    ids = dict(zip((who for who in sales if who in members), sorted(row["purchase_id"] for row in rows), strict=True))
    then = await _held_then(sales, members)
    found, unusual = [], {who for who, row in members.items() if row["is_first_under"]}
    for who, body in sales.items():
        row = members.get(who)
        if row is None:
            continue
        context = _context(body, row, ids[who], then.get(who, row["held"]), chain)
        try:
            ticket = await reckon(body, context, chain.rules)
        except DomainError:  # to be told by who records it alone
            unusual.add(who)
            continue
        ahead = body.occurred_at is not None and body.occurred_at > context.recorded_at
        if ahead or is_late(chain.rules, context.recorded_at, chain.zone, ticket.day):
            unusual.add(who)
        found.append(_Sale(body, context, ticket))
    if unusual:
        raise _UnusualError(unusual)
    return found


async def _held_then(
    sales: Mapping[UUID, PurchaseBody], members: Mapping[UUID, asyncpg.Record]
) -> dict[UUID, Mapping[str, str] | None]:
    """The tiers that members held at sales of some time ago."""
    past = {
        who: body.occurred_at
        for who, body in sales.items()
        if who in members and body.occurred_at is not None and body.occurred_at < members[who]["recorded_at"] - _NOW
    }
    if not past:
        return {}
    rows = await connection().fetch(statements.HELD_THEN, current().tenant_id, list(past), list(past.values()))
    return {row["member_id"]: row["held"] for row in rows}


def _context(
    body: PurchaseBody, row: asyncpg.Record, purchase_id: UUID, held: Mapping[str, str] | None, chain: _Chain
) -> Context:
    return Context(
        row["member_id"],
        row["seq"],
        purchase_id,
        row["recorded_at"],
        chain.zone,
        local_day(row["recorded_at"], chain.zone),
        chain.currency,
        chain.rules.version,
        body.branch_id,
        chain.branches[body.branch_id],
        held or {},
        points_ledger.account_of(row["points"]),
        (),
        wallet_of(None),
        (),
        {},
        chain.running,
        False,
    )


async def _write(sales: Sequence[_Sale], chain: _Chain) -> dict[UUID, Recorded]:
    if not sales:
        return {}
    added = [
        (sale.context.member_id, measure, sale.ticket.day, total)
        for sale in sales
        for measure, total in measures(sale.body.branch_id, sale.ticket.categories, sale.ticket.counted).items()
    ]
    made = await connection().fetchrow(
        statements.RECORD_MANY,
        current().tenant_id,
        [{"n": n, **sale.row()} for n, sale in enumerate(sales)],
        chain.rules.version,
        current().principal.actor,
        *([one[n] for one in added] for n in range(4)),
        [posting.dump() for sale in sales for posting in sale.ticket.points],
    )
    if made is None or made["written"] != len(sales):  # a number is taken, or other rules were published
        raise _UnusualError
    points_ledger.check(made["points_checked"])
    for sale in sales:
        if triggers(chain.running, sale.ticket.net):
            await queue("purchase", {"purchase_id": str(sale.context.purchase_id)})
    changes = await evaluate_at_once(
        {sale.context.member_id: sale.context.purchase_id for sale in sales if sale.context.member_id is not None},
        chain.rules.version,
        sales[0].context.recorded_at,
        chain.zone.key,
        "purchase",
        awaited=any(isinstance(one.campaign.when, OnTierReached) for one in chain.running),
    )
    return {
        sale.context.member_id: sale.recorded(changes[sale.context.member_id])
        for sale in sales
        if sale.context.member_id is not None
    }

"""One reckoning for quotes and purchases: what a ticket costs, how it is paid, what it earns, and what is to be written
for it. Reads what has been read (`context`), writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from saas.errors import DomainError, Money
from saas.money import exponent
from saas.scope import current
from tenants.coupons.postings import Posting as CouponPosting
from tenants.points.book import Book, Fact
from tenants.points.book import Posting as PointsPosting
from tenants.points.lots import lot_of
from tenants.pricing.basket import ONE, Label, Line, Offers, Priced
from tenants.pricing.coupons import CouponUse
from tenants.pricing.earning import counted, earning_of, points_of, rate_of, rate_text, shares_of
from tenants.pricing.payment import PointsPaid, check_wallet, pay_with_points
from tenants.pricing.price import final, price
from tenants.programme.document import Programme
from tenants.programme.windows import local_day
from tenants.purchases.bodies import TicketBody
from tenants.purchases.context import Context
from tenants.purchases.coupons import coupons_of
from tenants.purchases.offers import offers_of
from tenants.wallet.ledger import Posting as WalletPosting
from tenants.wallet.lots import Take, pay
from tenants.wallet.postings import Cause, spend

_NO_POINTS: Final = PointsPaid(0, 0)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket reckoned up; money in minor units. `list_amount` None: the till sent final amounts. `lines`, `tenders`
    and `pricing` as they are stored. `counted`: of each line, or of the whole, what the metrics count.
    """

    day: date
    net: int
    list_amount: int | None
    lines: list[dict[str, Any]] | None
    tenders: list[dict[str, Any]] | None
    pricing: dict[str, Any] | None
    categories: tuple[str | None, ...]
    counted: tuple[int, ...]
    confirm_above: int
    points: tuple[PointsPosting, ...] = ()
    wallet: WalletPosting | None = None
    coupons: tuple[CouponPosting, ...] = ()


@dataclass(slots=True)
class _Reckoning:
    """What has been found out so far, step by step."""

    body: TicketBody
    context: Context
    rules: Programme
    lines: list[Line]
    day: date
    offers: Offers = field(default_factory=Offers)
    priced: Priced = field(default_factory=lambda: Priced(()))
    used: list[CouponUse] = field(default_factory=list)
    by_points: PointsPaid = _NO_POINTS
    takes: list[Take] = field(default_factory=list)
    shares: dict[str, list[int]] = field(default_factory=dict)
    earning: list[int] = field(default_factory=list)
    rate: Decimal = Decimal(0)
    earned: int = 0
    book: Book | None = None

    @property
    def bonus(self) -> int:
        return sum(take.bonus for take in self.takes)


async def reckon(body: TicketBody, context: Context, rules: Programme) -> Ticket:
    """Reckons a ticket whose body has been checked (`TicketBody.total`).

    Raises DomainError as `pricing` does, `coupon-not-usable`, `points-in-debt`, `not-enough-points`,
    `wallet-balance-too-low`, `tenders-do-not-match`.
    """
    day = local_day(body.occurred_at or context.recorded_at, context.zone)
    it = _Reckoning(body, context, rules, basket(body), day)
    if context.member_id is not None:
        it.offers = await offers_of(context, rules, day)
    _price(it)
    _pay(it)
    _earn(it)
    return _ticket(it)


def basket(body: TicketBody) -> list[Line]:
    """The ticket's lines; one for all where it has none."""
    if body.lines is None:
        return [Line(body.amount or 0)]
    return [Line(line.amount, line.category, line.sku, Decimal(line.quantity)) for line in body.lines]


def _price(it: _Reckoning) -> None:
    if it.body.external_amounts:
        it.priced = final(it.lines)
        return
    context = it.context
    it.used = coupons_of(it.body, context.grants, context.member_id, context.today)
    it.priced = price(
        it.lines,
        it.offers,
        it.rules.stacking,
        it.used,
        branch=context.branch_code,
        by_wallet=it.body.wallet_amount > 0,
    )


def _pay(it: _Reckoning) -> None:
    body, left = it.body, it.priced.net
    if body.points_to_redeem:
        it.by_points = pay_with_points(it.rules.points.redeem, body.points_to_redeem, left)
        left -= it.by_points.value
    if body.wallet_amount:
        check_wallet(body.wallet_amount, left)
        it.takes = pay(it.context.wallet.lots, body.wallet_amount, it.rules.wallet.spend_order)
        left -= body.wallet_amount
    if body.tenders is not None:
        sent = sum(tender.amount for tender in body.tenders)
        if sent != left:
            raise DomainError("tenders-do-not-match", params={"tenders": Money(sent), "amount": Money(left)})


def _earn(it: _Reckoning) -> None:
    """What each payment pays of each line, what the rest earns, and the points' entries."""
    rules, nets = it.rules.points, [line.net for line in it.priced.lines]
    excluded = [tender.amount for tender in it.body.tenders or () if tender.type in rules.excluded_tenders]
    if it.by_points.value or it.bonus or excluded:
        by_points, by_bonus, *rest = shares_of(nets, it.by_points.value, it.bonus, *excluded)
        it.shares = {"points": by_points, "bonus": by_bonus}
    else:
        by_points = by_bonus = [0] * len(nets)
        rest = []
    if it.context.member_id is None:
        return
    if rules.per_unit:
        earning_bonus = [0] * len(nets) if it.rules.wallet.bonus_earns else by_bonus
        it.rate = rate_of(rules.per_unit, it.offers.benefits.multiplier, it.offers.multipliers)
        by_excluded = [sum(shares) for shares in zip(*rest, strict=True)] if rest else [0] * len(nets)
        it.earning = earning_of(it.lines, nets, by_points, earning_bonus, by_excluded, rules.excluded_categories)
        it.earned = points_of(sum(it.earning), it.rate, exponent(it.context.currency))
    if it.by_points.points or it.earned:
        it.book = _book(it)


def _book(it: _Reckoning) -> Book:
    context = it.context
    book = Book(context.account, context.lots)
    fact = Fact(
        context.member_id,  # type: ignore[arg-type]  # points are a member's
        context.seq,
        context.purchase_id,
        context.recorded_at,
        context.today,
        current().principal.actor,
        context.branch_id,
    )
    book.spend(fact, "redeem", it.by_points.points)
    book.accrue(fact, "earn", lot_of(it.earned, it.rules.points, it.day))
    return book


def _ticket(it: _Reckoning) -> Ticket:
    uncounted = it.shares["bonus"] if it.bonus and not it.rules.wallet.bonus_earns else [0] * len(it.lines)
    return Ticket(
        it.day,
        it.priced.net,
        None if it.body.external_amounts else it.priced.list,
        _stored_lines(it),
        _tenders(it),
        _pricing(it) or None,
        tuple(line.category for line in it.lines),
        tuple(line.net - part for line, part in zip(it.priced.lines, uncounted, strict=True)),
        it.rules.wallet.confirm_above,
        () if it.book is None else tuple(it.book.postings),
        _wallet_posting(it),
        _coupon_postings(it),
    )


def _stored_lines(it: _Reckoning) -> list[dict[str, Any]] | None:
    """As they were sent, `amount` being what is to be paid, with what each step took where it took something."""
    if it.body.lines is None:
        return None
    stored = []
    for n, (sent, priced) in enumerate(zip(it.body.lines, it.priced.lines, strict=True)):
        line = sent.model_dump(mode="json", exclude_none=True)
        line["amount"] = priced.net
        if priced.list != priced.net:
            line["list"] = priced.list
        steps = {"tier_discount": priced.tier, "campaign_discount": priced.campaign, "coupon_discount": priced.coupon}
        steps |= {name: shares[n] for name, shares in it.shares.items()}
        line |= {name: part for name, part in steps.items() if part}
        if it.earned and it.earning[n] != priced.net:
            line["earning"] = it.earning[n]
        stored.append(line)
    return stored


def _tenders(it: _Reckoning) -> list[dict[str, Any]] | None:
    """Points first, then the wallet, then what was sent."""
    found: list[dict[str, Any]] = []
    if it.by_points.points:
        found.append({"type": "points", "amount": it.by_points.value, "points": it.by_points.points})
    if it.takes:
        amount = it.body.wallet_amount
        found.append({"type": "wallet", "amount": amount, "principal": amount - it.bonus, "bonus": it.bonus})
    found += [tender.model_dump() for tender in it.body.tenders or ()]
    return found or None


def _pricing(it: _Reckoning) -> dict[str, Any]:
    """What there is to say of how it was priced and credited."""
    said: dict[str, Any] = {}
    if it.earned:
        said |= {"earning": sum(it.earning), "rate": rate_text(it.rate), "points": it.earned}
    if it.book is not None:
        said["balance"] = it.book.account.balance
    if it.priced.discounts:
        said["discounts"] = [_named(label, amount) for label, amount in it.priced.discounts]
    if it.used:
        said["coupons"] = [str(coupon.id) for coupon in it.used]
    campaigns = [label.code for label, _ in it.priced.discounts if label.type == "campaign"]
    if it.earned:
        campaigns += [campaign.code for campaign in counted(it.offers.multipliers)]
        if it.offers.multipliers:  # a campaign may be changed later; what it gave here stays provable
            said["campaign_rate"] = rate_text(rate_of(ONE, ONE, it.offers.multipliers))
    if campaigns:
        said["campaigns"] = campaigns
    return said


def _named(label: Label, amount: int) -> Mapping[str, Any]:
    said: dict[str, Any] = {"type": label.type, "code": label.code, "amount": amount}
    if label.ladder is not None:
        said["ladder"] = label.ladder
    if label.id is not None:
        said["id"] = str(label.id)
    return said


def _wallet_posting(it: _Reckoning) -> WalletPosting | None:
    context = it.context
    if not it.takes or context.member_id is None:
        return None
    cause = Cause(
        context.member_id,
        context.seq,
        context.purchase_id,
        context.branch_id,
        context.recorded_at,
        current().principal.actor,
    )
    return spend(cause, context.wallet, it.takes)


def _coupon_postings(it: _Reckoning) -> tuple[CouponPosting, ...]:
    context, taken = it.context, {label.id: amount for label, amount in it.priced.discounts}
    return tuple(
        CouponPosting(
            kind="use",
            grant_id=coupon.id,
            member_id=context.member_id,
            seq=context.seq if context.member_id is not None else None,
            day=context.today,
            recorded_at=context.recorded_at,
            actor=current().principal.actor,
            source_id=context.purchase_id,
            purchase_id=context.purchase_id,
            branch_id=context.branch_id,
            amount=taken[coupon.id],
        )
        for coupon in it.used
    )

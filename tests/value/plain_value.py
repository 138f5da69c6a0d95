"""Points, stored value, coupons, rewards and passes of a small shop, in plain Python: what `docs/` say, done slowly.

Nothing of the product is used here. Money is in fen, a day is a date, a member is a few lists.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from math import ceil, floor
from typing import Any

ONE_DAY = timedelta(days=1)


class No(Exception):  # noqa: N818  # a refusal is no error of the model
    """The shop refuses; nothing has changed."""


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def spread(amount: int, over: list[int]) -> list[int]:
    """Pro rata, floor; from the last one back whoever has room takes the rest."""
    whole = sum(over)
    if amount == 0:
        return [0] * len(over)
    shares = [amount * part // whole for part in over]
    rest = amount - sum(shares)
    for n in reversed(range(len(over))):
        more = min(rest, over[n] - shares[n])
        shares[n] += more
        rest -= more
    assert rest == 0
    return shares


def month_later(day: date) -> date:
    """The last day of one month from `day` on."""
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    last = (date(year + month // 12, month % 12 + 1, 1) - ONE_DAY).day
    return date(year, month, min(day.day, last)) - ONE_DAY


@dataclass
class Rules:
    """Of the shop; all of them may be changed by a test."""

    discount: Fraction = Fraction(10)
    per_unit: Fraction = Fraction(1)
    multiplier: Fraction = Fraction(3, 2)
    pending_days: int = 2
    redeem_points: int = 3
    redeem_amount: int = 2
    min_points: int = 10
    max_percent: Fraction = Fraction(50)
    top_up_points: Fraction = Fraction(1, 2)
    steps: list[tuple[int, Callable[[int], int]]] = field(
        default_factory=lambda: [
            (50_000, lambda _: 20_000),
            (100_000, lambda amount: half_up(Fraction(amount * 30, 100))),
        ]
    )
    no_points: str = "special"
    no_discount: str = "medicine"


@dataclass(eq=False)
class PointsLot:
    number: int
    points: int
    left: int
    spendable_from: date
    until: date
    at_first: int = 0
    """What was left once debt was paid."""


@dataclass(eq=False)
class WalletLot:
    number: int
    principal: int
    bonus: int
    principal_left: int
    bonus_left: int
    refunded: int = 0
    voided: int = 0


@dataclass(eq=False)
class Coupon:
    number: int
    kind: str
    value: int
    minimum: int
    until: date
    state: str = "open"


@dataclass(eq=False)
class Pass:
    uses: int
    left: int
    price: int
    until: date
    returned: int = 0
    paid_back: int = 0


@dataclass(eq=False)
class Line:
    price: int
    category: str
    net: int = 0
    earning: int = 0
    back: int = 0


@dataclass(eq=False)
class Sale:
    member: "Member"
    lines: list[Line]
    paid: int
    points: int
    rate: Fraction
    value: int
    """What points paid, in fen."""
    charged: int
    """The points that did."""
    principal: int
    bonus: int
    coupons: list[Coupon]
    lot: PointsLot | None
    points_takes: list[tuple[PointsLot, int]]
    wallet_takes: list[tuple[WalletLot, int, int]]
    day: date
    reversed: int = 0
    charged_back: int = 0
    tenders_back: list[int] = field(default_factory=list)
    back: int = 0
    undone: bool = False
    moved: bool = False
    """Its member was merged into another."""

    @property
    def tenders(self) -> list[int]:
        rest = self.paid - self.value - self.principal - self.bonus
        return [self.value, self.principal, self.bonus, rest]


@dataclass(eq=False)
class TopUp:
    member: "Member"
    lot: WalletLot
    points_lot: PointsLot | None
    points: int
    day: date
    reversed: int = 0
    undone: bool = False
    moved: bool = False


@dataclass(eq=False)
class Member:
    points: list[PointsLot] = field(default_factory=list)
    debt: int = 0
    wallet: list[WalletLot] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(lot.left for lot in self.points) - self.debt

    def spendable(self, today: date) -> int:
        return sum(lot.left for lot in self._usable(today)) if self.debt == 0 else 0

    def _usable(self, today: date) -> list[PointsLot]:
        return [lot for lot in self.points if lot.left and lot.spendable_from <= today <= lot.until]

    @property
    def principal(self) -> int:
        return sum(lot.principal_left for lot in self.wallet)

    @property
    def bonus(self) -> int:
        return sum(lot.bonus_left for lot in self.wallet)


class Shop:
    """The whole shop; each act answers what the product should, or raises `No`."""

    def __init__(self, today: date, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.today = today
        self.stock = 0
        self.numbers = count(1)
        self.entries: list[Sale | TopUp] = []
        """Of the one clerk at the one till, without what was undone."""
        self.acts: list[Sale | TopUp] = []

    # ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def accrue(self, member: Member, points: int, day: date, pending: int | None = None) -> PointsLot | None:
        if points == 0:
            return None
        paid = min(points, member.debt)
        member.debt -= paid
        wait = self.rules.pending_days if pending is None else pending
        left = points - paid
        lot = PointsLot(next(self.numbers), points, left, day + wait * ONE_DAY, month_later(day), left)
        member.points.append(lot)
        return lot

    def spend_points(self, member: Member, points: int) -> list[tuple[PointsLot, int]]:
        if member.debt:
            raise No("debt")
        if points > member.spendable(self.today):
            raise No("not enough points")
        takes = []
        for lot in sorted(member._usable(self.today), key=lambda lot: (lot.until, lot.number)):
            part = min(points, lot.left)
            if part:
                lot.left -= part
                points -= part
                takes.append((lot, part))
        return takes

    def take_back(self, member: Member, own: PointsLot | None, points: int) -> None:
        rest = [lot for lot in member.points if lot is not own]
        order = sorted(rest, key=lambda lot: (lot.until, lot.number))
        for lot in ([own] if own is not None else []) + order:
            part = min(points, lot.left)
            lot.left -= part
            points -= part
        member.debt += points

    def give_back_points(self, member: Member, takes: list[tuple[PointsLot, int]], points: int) -> None:
        """Into the lots they came from, the last taken first; an expired one's come anew, for 30 days."""
        paid = min(points, member.debt)
        member.debt -= paid
        points -= paid
        anew = 0
        for n in reversed(range(len(takes))):
            lot, taken = takes[n]
            part = min(points, taken)
            takes[n] = (lot, taken - part)
            points -= part
            if lot.until < self.today:
                anew += part
            else:
                lot.left += part
        if anew:
            member.points.append(PointsLot(next(self.numbers), anew, anew, self.today, self.today + timedelta(days=30)))

    def adjust(self, member: Member, points: int) -> None:
        if points > 0:
            self.accrue(member, points, self.today, pending=0)
        else:
            if -points > sum(lot.left for lot in member.points):
                raise No("not enough points")
            self.take_back(member, None, -points)

    def use_points(self, member: Member, points: int) -> None:
        self.spend_points(member, points)

    # ── wallet ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def top_up(self, member: Member, amount: int) -> TopUp:
        reached = [bonus for least, bonus in self.rules.steps if amount >= least]
        bonus = reached[-1](amount) if reached else 0
        lot = WalletLot(next(self.numbers), amount, bonus, amount, bonus)
        member.wallet.append(lot)
        points = floor(Fraction(amount, 100) * self.rules.top_up_points)
        made = TopUp(member, lot, self.accrue(member, points, self.today), points, self.today)
        self.entries.append(made)
        self.acts.append(made)
        return made

    def pay(self, member: Member, amount: int) -> list[tuple[WalletLot, int, int]]:
        if amount > member.principal + member.bonus:
            raise No("wallet too low")
        takes = []
        for lot in member.wallet:
            left = lot.principal_left + lot.bonus_left
            part = min(amount, left)
            if part:
                bonus = part * lot.bonus_left // left
                lot.principal_left -= part - bonus
                lot.bonus_left -= bonus
                amount -= part
                takes.append((lot, part - bonus, bonus))
        return takes

    def give_back_money(self, takes: list[tuple[WalletLot, int, int]], principal: int, bonus: int) -> None:
        for n in reversed(range(len(takes))):
            lot, p, b = takes[n]
            p_part, b_part = min(principal, p), min(bonus, b)
            lot.principal_left += p_part
            lot.bonus_left += b_part
            principal, bonus = principal - p_part, bonus - b_part
            takes[n] = (lot, p - p_part, b - b_part)
        assert principal == bonus == 0

    def refund_top_up(self, top_up: TopUp, amount: int) -> tuple[int, int, int]:
        """Some of what is left of it: principal out of the wallet, bonus voided, money out of the till."""
        lot = top_up.lot
        if amount == 0:
            raise No("nothing left")
        whole = lot.refunded + amount
        due = (lot.bonus if whole == lot.principal else lot.bonus * whole // lot.principal) - lot.voided
        voided = min(due, lot.bonus_left)
        deducted = min(due - voided, amount)
        lot.principal_left -= amount
        lot.refunded += amount
        lot.bonus_left -= voided
        lot.voided += voided + deducted
        remain = floor(Fraction(lot.principal - lot.refunded, 100) * self.rules.top_up_points)
        back = top_up.points - top_up.reversed - remain
        top_up.reversed += back
        self.take_back(top_up.member, top_up.points_lot, back)
        return amount, voided, amount - deducted

    # ── sales ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def sell(self, member: Member, goods: list[Line], coupons: list[Coupon], points: int, wallet: int) -> Sale:
        """Prices, pays and credits; the steps of docs/pricing.md, one after the other."""
        rules, lines = self.rules, [Line(line.price, line.category) for line in goods]
        for line in lines:
            line.net = line.price
            if line.category != rules.no_discount:
                line.net -= half_up(line.price * rules.discount / 100)
        self._use(coupons, lines)
        paid = sum(line.net for line in lines)
        value = charged = 0
        if points:
            value = points * rules.redeem_amount // rules.redeem_points
            charged = ceil(Fraction(value * rules.redeem_points, rules.redeem_amount))
            if points < rules.min_points or value > floor(paid * rules.max_percent / 100):
                raise No("points beyond limit")
            if member.debt or charged > member.spendable(self.today):
                raise No("not enough points")
        if wallet > paid - value:
            raise No("wallet beyond amount")
        if wallet > member.principal + member.bonus:
            raise No("wallet too low")
        points_takes = self.spend_points(member, charged) if charged else []
        wallet_takes = self.pay(member, wallet) if wallet else []
        bonus = sum(b for _, _, b in wallet_takes)
        by_points = spread(value, [line.net for line in lines])
        by_bonus = spread(bonus, [line.net for line in lines])
        for line, p, b in zip(lines, by_points, by_bonus, strict=True):
            line.earning = 0 if line.category == rules.no_points else line.net - p - b
        rate = rules.per_unit * rules.multiplier
        earned = floor(Fraction(sum(line.earning for line in lines), 100) * rate)
        for coupon in coupons:
            coupon.state = "used"
        lot = self.accrue(member, earned, self.today)
        principal = wallet - bonus
        made = Sale(
            member, lines, paid, earned, rate, value, charged, principal, bonus, coupons, lot, points_takes,
            wallet_takes, self.today, tenders_back=[0, 0, 0, 0],
        )  # fmt: skip
        self.entries.append(made)
        self.acts.append(made)
        return made

    def _use(self, coupons: list[Coupon], lines: list[Line]) -> None:
        for coupon in coupons:
            if coupon.state != "open" or coupon.until < self.today:
                raise No("coupon not usable")
        eligible = [line for line in lines if line.category != self.rules.no_discount]
        before = sum(line.net for line in eligible)
        for coupon in sorted(coupons, key=lambda c: c.kind == "amount"):
            if before < coupon.minimum:
                raise No("below the minimum")
            if coupon.kind == "percent":
                off = [half_up(Fraction(line.net * coupon.value, 100)) for line in eligible]
            else:
                left = [line.net for line in eligible]
                off = spread(min(coupon.value, sum(left)), left)
            if sum(off) == 0:
                raise No("no effect")
            for line, less in zip(eligible, off, strict=True):
                line.net -= less

    def refund(self, sale: Sale, amount: int) -> dict[str, Any]:
        """Some of what was paid, over the lines; what came in comes out again, pro rata to what is left of it."""
        if sale.undone or not 0 < amount <= sale.paid - sale.back:
            raise No("too much")
        member = sale.member
        for line, share in zip(sale.lines, spread(amount, [line.net - line.back for line in sale.lines]), strict=True):
            line.back += share
        left = [have - back for have, back in zip(sale.tenders, sale.tenders_back, strict=True)]
        shares = spread(amount, left)
        sale.tenders_back = [have + more for have, more in zip(sale.tenders_back, shares, strict=True)]
        sale.back += amount
        everything = sale.back == sale.paid
        charged = 0
        if sale.value:
            charged = sale.charged * sale.tenders_back[0] // sale.value - sale.charged_back
            sale.charged_back += charged
        remaining = sum(
            (Fraction(line.earning * (line.net - line.back), line.net) for line in sale.lines if line.net), Fraction(0)
        )
        reverse = sale.points - sale.reversed - floor(remaining / 100 * sale.rate)
        sale.reversed += reverse
        self.take_back(member, sale.lot, reverse)
        if charged:
            self.give_back_points(member, sale.points_takes, charged)
        self.give_back_money(sale.wallet_takes, shares[1], shares[2])
        if everything:
            for coupon in sale.coupons:
                if coupon.until >= self.today:
                    coupon.state = "open"
        return {"points_reversed": reverse, "points_returned": charged, "principal": shares[1], "bonus": shares[2]}

    def undo(self, act: Sale | TopUp) -> None:
        if act.undone or self.entries[-1:] != [act] or act.day != self.today or act.moved:
            raise No("not the last one")
        if isinstance(act, TopUp):
            self._undo_top_up(act)
        else:
            self._undo_sale(act)
        act.undone = True
        self.entries.pop()

    def _undo_sale(self, sale: Sale) -> None:
        if sale.back or (sale.lot is not None and sale.lot.left != sale.lot.at_first):
            raise No("used")
        self.take_back(sale.member, sale.lot, sale.points)
        self.give_back_points(sale.member, sale.points_takes, sale.charged)
        self.give_back_money(sale.wallet_takes, sale.principal, sale.bonus)
        for coupon in sale.coupons:
            coupon.state = "open"

    def _undo_top_up(self, act: TopUp) -> None:
        lot = act.lot
        if (lot.principal_left, lot.bonus_left, lot.refunded) != (lot.principal, lot.bonus, 0):
            raise No("used")
        if act.points_lot is not None and act.points_lot.left != act.points_lot.at_first:
            raise No("used")
        lot.principal_left = lot.bonus_left = 0
        self.take_back(act.member, act.points_lot, act.points)

    # ── coupons, rewards, passes ────────────────────────────────────────────────────────────────────────────────────

    def grant(self, member: Member, kind: str, value: int, minimum: int, days: int) -> Coupon:
        coupon = Coupon(next(self.numbers), kind, value, minimum, self.today + timedelta(days=days - 1))
        member.coupons.append(coupon)
        return coupon

    def claim(self, member: Member, points: int) -> list[tuple[PointsLot, int]]:
        if self.stock == 0:
            raise No("sold out")
        takes = self.spend_points(member, points)
        self.stock -= 1
        return takes

    def cancel(self, member: Member, takes: list[tuple[PointsLot, int]]) -> None:
        self.give_back_points(member, takes, sum(points for _, points in takes))
        self.stock += 1

    def use_pass(self, held: Pass) -> None:
        if held.left == 0 or held.until < self.today:
            raise No("no use left")
        held.left -= 1

    def refund_pass(self, held: Pass) -> int:
        """All unused ones: the price of what was given back, floor; the last takes the rest."""
        if held.left == 0:
            raise No("nothing left")
        held.returned += held.left
        held.left = 0
        back = held.price * held.returned // held.uses - held.paid_back
        held.paid_back += back
        return back

    # ── days and people ─────────────────────────────────────────────────────────────────────────────────────────────

    def night(self, members: list[Member]) -> None:
        """A local midnight: what ended yesterday is gone."""
        self.today += ONE_DAY
        for member in members:
            for lot in member.points:
                if lot.until < self.today:
                    lot.left = 0
            for coupon in member.coupons:
                if coupon.state == "open" and coupon.until < self.today:
                    coupon.state = "expired"

    def merge(self, survivor: Member, other: Member) -> None:
        debt = survivor.debt + other.debt
        survivor.points += other.points
        other.points = []
        survivor.debt = other.debt = 0
        self.take_back(survivor, None, debt)
        survivor.wallet = sorted(survivor.wallet + other.wallet, key=lambda lot: lot.number)
        survivor.coupons += other.coupons
        survivor.passes += other.passes
        other.wallet, other.coupons, other.passes = [], [], []
        for act in self.acts:
            if act.member is other:
                act.member, act.moved = survivor, True

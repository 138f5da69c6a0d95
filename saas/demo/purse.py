"""How members pay: what they top up, and which tickets their stored value and points pay a part of.

What a member certainly has is reckoned here, without asking the chain: the same seed makes the same payments, and a
start that was cut off sends the same again. The chain's own books may say more (a tier's multiplier, something given
back), never less.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from saas.demo.industry import Industry
from saas.demo.people import Person, seeded
from saas.demo.value import Claim, TopUp
from saas.demo.visits import Ticket

_LOW: Final = 10_000  # fen: with less left, members top up
_TOPS_UP: Final = 0.75  # of those times
_UNASKED: Final = 20_000  # fen: up to here the templates let stored value pay without a code
_MOST_POINTS: Final = 3_000
_LEAST_POINTS: Final = 300
_HUNDRED: Final = 100  # points for 1 yuan, and fen a yuan: as in the templates
_SURE: Final = {"final": 1.0, "list": 1.0, "tier": 0.8}
"""How much of a ticket's price is paid at least, by who knows it."""
_TENDERS: Final = ("wechat", "alipay")


def spend(industry: Industry, person: Person, tickets: Iterator[Ticket]) -> Iterator[Ticket | TopUp | Claim]:
    """The member's tickets, with how they are paid, and what else the purse does, in order."""
    purse = _Purse(industry, person)
    for ticket in tickets:
        topped_up = purse.top_up(ticket)
        if topped_up is not None:
            yield topped_up
        paid = purse.pay(ticket)
        yield paid
        purse.earn(paid)
        claimed = purse.claim(paid)
        if claimed is not None:
            yield claimed


class _Purse:
    def __init__(self, industry: Industry, person: Person) -> None:
        self._industry = industry
        self._person = person
        self._random: Random = seeded(industry.template, person.number, "purse")
        once = person.habit.course == "once"
        self._has_wallet = self._random.random() < industry.tops_up and not once
        self._step = 0 if self._random.random() < 1 / person.price - 0.4 else 1  # who spends more tops up more
        self._balance = 0
        self._points: dict[int, int] = {}  # by the year in which they were earned

    def top_up(self, ticket: Ticket) -> TopUp | None:
        random = self._random
        if not self._has_wallet or self._balance >= _LOW or random.random() > _TOPS_UP:
            return None
        steps = sorted(self._industry.top_ups)
        amount = steps[min(len(steps) - 1, self._step + (random.random() < 0.2))]  # noqa: PLR2004
        self._balance += amount + self._industry.top_ups[amount]
        self._gain(ticket.at.year, amount // _HUNDRED)
        return TopUp(
            external_id=f"TU-{ticket.external_id}",
            phone=self._person.phone,
            branch=ticket.branch,
            at=ticket.at - timedelta(minutes=3),
            amount=amount,
            tender=random.choice(_TENDERS),
            sold_by=ticket.sold_by,
        )

    def pay(self, ticket: Ticket) -> Ticket:
        """The ticket with what points and stored value pay of it, its tenders for the rest."""
        if ticket.tenders and ticket.tenders[-1][0] == "medical_insurance":
            return ticket
        points, wallet = self._points_for(ticket), 0
        if self._balance and ticket.tenders:
            wallet = min(self._balance, _UNASKED, ticket.tenders[-1][1] - points)
        if not points and not wallet:
            return ticket
        self._balance -= wallet
        self._lose(points)
        tenders = ticket.tenders
        if tenders:
            kind, amount = tenders[-1]
            rest = ((kind, amount - points - wallet),)
            tenders = tenders[:-1] + (rest if rest[0][1] else ())
        return replace(ticket, points=points, wallet=wallet, tenders=tenders)

    def earn(self, ticket: Ticket) -> None:
        """What the ticket earns at least. What is given back later isn't counted at all."""
        if ticket.refund is None:
            kept = sum(line.paid for line in ticket.lines if line.category not in self._industry.no_points)
            kept = int(kept * _SURE[self._industry.priced]) - ticket.points - ticket.wallet
            insured = sum(amount for kind, amount in ticket.tenders if kind == "medical_insurance")
            self._gain(ticket.at.year, max(0, kept - insured) // _HUNDRED)

    def claim(self, ticket: Ticket) -> Claim | None:
        reward = self._industry.reward
        if reward is None or self._have(ticket.at.year) < reward[1] or self._random.random() > self._industry.claims:
            return None
        self._lose(reward[1])
        at = ticket.at + timedelta(seconds=5)
        return Claim(f"RW-{ticket.external_id}", self._person.phone, ticket.branch, at)

    def _points_for(self, ticket: Ticket) -> int:
        """Points, as many as fen: a hundred pay one yuan, up to half of what is to be paid."""
        have = self._have(ticket.at.year)
        if have < _LEAST_POINTS or self._random.random() > self._industry.redeems:
            return 0
        sure = int(ticket.paid * _SURE[self._industry.priced]) // 2
        if ticket.tenders:
            sure = min(sure, ticket.tenders[-1][1])
        points = min(have, sure, _MOST_POINTS) // _HUNDRED * _HUNDRED
        return points if points >= _LEAST_POINTS else 0

    def _have(self, year: int) -> int:
        """Points hold until the end of the year after the one in which they were earned."""
        self._points = {earned: points for earned, points in self._points.items() if earned >= year - 1}
        return sum(self._points.values())

    def _gain(self, year: int, points: int) -> None:
        self._points[year] = self._points.get(year, 0) + points

    def _lose(self, points: int) -> None:
        for year in sorted(self._points):
            taken = min(points, self._points[year])
            self._points[year] -= taken
            points -= taken

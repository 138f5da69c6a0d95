"""Writes a chain's two years, day by day, on the chain's own clock: each member joins, each tier is decided and each
refund is made on the day on which it happened. Schedules fire at their midnights.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from saas.demo import last_day, owner
from saas.demo.client import Client
from saas.demo.database import ChainDatabase
from saas.demo.days import Day, days
from saas.demo.industry import ZONE, Industry
from saas.demo.people import people
from saas.demo.till import Till
from saas.demo.trading_days import Calendar
from saas.demo.writer import Writer, open_branches

_SAVE_EVERY: Final = 7
"""Days. A start that was cut off repeats at most so many; what is in already is left as it is."""
_LATELY: Final = 45
"""Days before the history's end: from then on newcomers are greeted, and allowances used."""
_NIGHTS: Final = ("points-expiry", "points-notices", "tasks")


def fires(industry: Industry, day: date) -> bool:
    """Whether the chain's schedules fire at the beginning of this day."""
    return day.day == 1 and (day.month - 1) % industry.decided == 0


def fill(
    client: Client,
    database: ChainDatabase,
    industry: Industry,
    until: datetime,
    done: int,
    keep: Callable[[int], None],
) -> None:
    """Writes the history from day number `done` on; `keep` hears now and then how many days are in. The clock is
    ours again at the end. Raises AnswerError, OSError, HTTPException.
    """
    branches = open_branches(client, industry)
    everything = days(industry, until, industry.members)
    counter = _Counter(client, industry, branches, everything)
    owner.put_prices(client, industry)
    for number, (day, happened) in enumerate(everything.items()):
        if number < done:
            continue
        lately = number >= len(everything) - _LATELY
        if number and fires(industry, day):
            midnight = datetime.combine(day, time(), ZONE)
            database.move_clock(midnight + timedelta(minutes=1))
            client.recalculate(midnight.isoformat())
        database.move_clock(min(happened.sent_at(day), until))
        if number in {done, len(everything) - _LATELY}:
            owner.start(client, owner.OPENING + (owner.LATELY if lately else ()))
        counter.serve(happened, lately=lately)
        if number % _SAVE_EVERY == 0:
            keep(number + 1)
    keep(len(everything))
    database.move_clock(until)
    last_day.happen(client, industry, branches[0], list(people(Calendar(industry, until), industry.members)), until)
    database.move_clock(None)
    database.night(*_NIGHTS)


class _Counter:
    """Where the days' work is done."""

    def __init__(self, client: Client, industry: Industry, branches: list[str], everything: dict[date, Day]) -> None:
        self._writer = Writer(client, branches, final=industry.priced == "final")
        self._till = Till(client, industry, branches, self._writer.member_id)
        self._passes = {sale.external_id: sale for day in everything.values() for sale in day.passes}

    def serve(self, day: Day, *, lately: bool) -> None:
        """One day. What it opens comes before what uses it."""
        self._writer.enrol(day.joining)
        self._till.top_up(day.top_ups)
        self._till.sell_passes(day.passes)
        self._writer.sell(day.tickets)
        self._till.use_passes(day.uses, self._passes.__getitem__)
        self._writer.act(day.actions)
        if lately:
            self._till.use_allowances(day.actions)
        self._till.claim(day.claims)
        for ticket in day.refunds:
            self._writer.refund(ticket)

"""Writes a chain's two years, day by day, on the chain's own clock: each member joins, each tier is decided and each
refund is made on the day on which it happened. Schedules fire at their midnights.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from saas.demo.client import Client
from saas.demo.database import ChainDatabase
from saas.demo.industry import ZONE, Industry
from saas.demo.moved import bring
from saas.demo.people import Person, people
from saas.demo.trading_days import Calendar
from saas.demo.visits import Action, History, Ticket
from saas.demo.writer import Writer, open_branches

_SAVE_EVERY: Final = 7
"""Days. A start that was cut off repeats at most so many; what is in already is left as it is."""


@dataclass(slots=True)
class Day:
    """What happened on one day."""

    joining: list[Person] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    refunds: list[Ticket] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


def days(industry: Industry, until: datetime, members: int) -> dict[date, Day]:
    """The history of a chain by local day, each day's facts in order. Who joined before it is in its first day."""
    calendar = Calendar(industry, until)
    history = History(calendar)
    found: defaultdict[date, Day] = defaultdict(Day)
    for person in people(calendar, members):
        found[max(calendar.first, person.joined_on)].joining.append(person)
        for ticket in history.tickets(person):
            found[ticket.at.date()].tickets.append(ticket)
        for action in history.actions(person):
            found[action.at.date()].actions.append(action)
    for day in calendar.days():
        found[day].tickets.extend(history.passers_by(day))
        found[day].tickets.sort(key=lambda ticket: (ticket.at, ticket.external_id))
        found[day].actions.sort(key=lambda action: (action.at, action.external_id))
        for ticket in found[day].tickets:
            if ticket.refund is not None:
                found[ticket.refund.at.date()].refunds.append(ticket)
    return {day: found[day] for day in calendar.days()}


def _sent_at(day: date, happened: Day) -> datetime:
    """When the day's work is sent: just after the last of it; at noon where there was none."""
    moments = [ticket.at for ticket in happened.tickets] + [action.at for action in happened.actions]
    moments += [ticket.refund.at for ticket in happened.refunds if ticket.refund is not None]
    return max(moments, default=datetime.combine(day, time(12), ZONE)) + timedelta(seconds=20)


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
    writer = Writer(client, open_branches(client, industry))
    everything = days(industry, until, industry.members)
    for number, (day, happened) in enumerate(everything.items()):
        if number < done:
            continue
        if number and fires(industry, day):
            midnight = datetime.combine(day, time(), ZONE)
            database.move_clock(midnight + timedelta(minutes=1))
            client.recalculate(midnight.isoformat())
        database.move_clock(min(_sent_at(day, happened), until))
        writer.enrol(happened.joining)
        writer.sell(happened.tickets)
        writer.act(happened.actions)
        for ticket in happened.refunds:
            writer.refund(ticket)
        if number % _SAVE_EVERY == 0:
            keep(number + 1)
    bring(client, industry, people(Calendar(industry, until), industry.members), until.date())
    database.move_clock(None)

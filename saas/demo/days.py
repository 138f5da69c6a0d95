"""A chain's history by day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import attrgetter

from saas.demo.industry import ZONE, Industry
from saas.demo.passes import passes
from saas.demo.people import Person, people
from saas.demo.purse import spend
from saas.demo.trading_days import Calendar
from saas.demo.value import Claim, PassSale, PassUse, TopUp
from saas.demo.visits import Action, History, Ticket

_IN_ORDER = attrgetter("at", "external_id")


@dataclass(slots=True)
class Day:
    """What happened on one day, each kind in order."""

    joining: list[Person] = field(default_factory=list)
    top_ups: list[TopUp] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    refunds: list[Ticket] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    passes: list[PassSale] = field(default_factory=list)
    uses: list[PassUse] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def put(self, what: Ticket | TopUp | Claim | PassSale | PassUse | Action) -> None:
        """Among those of its kind."""
        match what:
            case Ticket():
                self.tickets.append(what)
            case TopUp():
                self.top_ups.append(what)
            case Claim():
                self.claims.append(what)
            case PassSale():
                self.passes.append(what)
            case PassUse():
                self.uses.append(what)
            case Action():
                self.actions.append(what)

    def sort(self) -> None:
        for kind in (self.top_ups, self.tickets, self.actions, self.passes, self.uses, self.claims):
            kind.sort(key=_IN_ORDER)

    def sent_at(self, day: date) -> datetime:
        """When the day's work is sent: just after the last of it; at noon where there was none."""
        kinds = (self.top_ups, self.tickets, self.actions, self.passes, self.uses, self.claims)
        moments = [one.at for kind in kinds for one in kind]
        moments += [ticket.refund.at for ticket in self.refunds if ticket.refund is not None]
        return max(moments, default=datetime.combine(day, time(12), ZONE)) + timedelta(seconds=20)


def days(industry: Industry, until: datetime, members: int) -> dict[date, Day]:
    """The history of a chain by local day, each day's facts in order. Who joined before it is in its first day."""
    calendar = Calendar(industry, until)
    history = History(calendar)
    found: defaultdict[date, Day] = defaultdict(Day)
    for person in people(calendar, members):
        found[max(calendar.first, person.joined_on)].joining.append(person)
        for paid in spend(industry, person, history.tickets(person)):
            found[paid.at.date()].put(paid)
        for used in passes(history, person):
            found[used.at.date()].put(used)
        for action in history.actions(person):
            found[action.at.date()].put(action)
    for day in calendar.days():
        found[day].tickets.extend(history.passers_by(day))
        found[day].sort()
        for ticket in found[day].tickets:
            if ticket.refund is not None:
                found[ticket.refund.at.date()].refunds.append(ticket)
    return {day: found[day] for day in calendar.days()}

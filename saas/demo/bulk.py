"""A chain of any size, for benchmarks: members and purchases by import, a block of members at a time, each file made
while it is sent, so that memory stays the same whatever the size. Members come a quarter as often as in a small chain
and spend four times as much each time: tiers come out alike, and a million of them fit on a laptop. Activities and
refunds are left out; tiers are decided once, as of the last schedule.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, time
from typing import Final

from saas.demo.client import Client
from saas.demo.fill import fires
from saas.demo.industry import ZONE, Industry
from saas.demo.people import Person, people
from saas.demo.trading_days import Calendar
from saas.demo.visits import History
from saas.demo.writer import branch_code, open_branches

BLOCK: Final = 20_000
"""Members a file."""
_FEWER: Final = 4
"""Purchases; each is as many times larger."""


def fill_large(
    client: Client, industry: Industry, until: datetime, members: int, done: int, keep: Callable[[int], None]
) -> None:
    """Imports the blocks from number `done` on; `keep` hears how many are in. Raises AnswerError, OSError,
    HTTPException.
    """
    open_branches(client, industry)
    calendar = Calendar(industry, until)
    history = History(calendar)
    for block in range(done, -(-members // BLOCK)):
        span = (block * BLOCK + 1, min((block + 1) * BLOCK, members))
        client.upload({"kind": "members", "evaluate": False}, _members(calendar, people(calendar, members, *span)))
        rarer = (replace(p, pace=p.pace / _FEWER, price=p.price * _FEWER) for p in people(calendar, members, *span))
        client.upload({"kind": "purchases", "evaluate": False, "minor_units": True}, _purchases(history, rarer))
        keep(block + 1)
    last = next(day for day in reversed(calendar.days()) if fires(industry, day))
    client.recalculate(datetime.combine(last, time(), ZONE).isoformat())


def _members(calendar: Calendar, some: Iterable[Person]) -> Iterator[str]:
    yield "external_id,phone,card_no,name,birthday,gender,joined_on,branch\n"
    for person in some:
        yield _row(
            person.external_id,
            person.phone,
            person.card_no or "",
            person.name,
            person.birthday or "",
            person.gender or "",
            person.joined_on,
            branch_code(calendar.industry, person.branch),
        )


def _purchases(history: History, some: Iterable[Person]) -> Iterator[str]:
    industry = history.calendar.industry
    yield "external_id,member,branch,occurred_at,amount,category\n"
    for person in some:
        for ticket in history.tickets(person):
            dearest = max(ticket.lines, key=lambda line: line.amount)
            branch = branch_code(industry, ticket.branch)
            at = f"{ticket.at:%Y-%m-%dT%H:%M:%S}"
            yield _row(ticket.external_id, person.external_id, branch, at, ticket.paid, dearest.category)


def _row(*cells: object) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()

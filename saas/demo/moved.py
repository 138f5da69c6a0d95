"""Tiers that members brought along from the card system that the chain had before, where the rules decide by what is
counted only from now on. They come as a chain would bring them: a file of opening balances, on the history's last day.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from saas.demo.client import Client
from saas.demo.industry import Industry
from saas.demo.people import Person, seeded

_REGULARS: Final = frozenset({"steady", "returned"})
_LATEST_DAYS: Final = 5


def bring(client: Client, industry: Industry, members: Iterable[Person], today: date) -> None:
    """Imports the tiers; twice is once. Raises AnswerError, OSError, HTTPException."""
    if industry.moved:
        client.upload({"kind": "opening_balances"}, _rows(industry, members, today))


def _rows(industry: Industry, members: Iterable[Person], today: date) -> Iterator[str]:
    yield "member,tier,tier_since\n"
    for person in members:
        brought = _brought(industry, person, today)
        if brought is not None:
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow((person.external_id, *brought))
            yield line.getvalue()


def _brought(industry: Industry, person: Person, today: date) -> tuple[str, date] | None:
    """The tier and the day since which it is held: this year, after joining."""
    random = seeded(industry.template, "moved", person.number)
    chance, first = random.random(), max(person.joined_on, date(today.year, 1, 1) - timedelta(days=60))
    days = (today - first).days - _LATEST_DAYS
    if person.habit.course not in _REGULARS or days < 1:
        return None
    for tier, share in industry.moved.items():
        if chance < share:
            return tier, first + timedelta(days=random.randrange(days))
        chance -= share
    return None

"""Passes of so many visits: who buys one, and when it is used."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from saas.demo.industry import PassKind
from saas.demo.people import Person, clerks, seeded
from saas.demo.value import PassSale, PassUse
from saas.demo.visits import History

_AGAIN: Final = 0.7  # of those that are used up: another one is bought


def passes(history: History, person: Person) -> Iterator[PassSale | PassUse]:
    """A member's passes, kind by kind, each sale before its uses."""
    if person.habit.active and person.habit.course != "once":
        for kind in history.calendar.industry.passes:
            yield from _of_kind(history, person, kind)


def _of_kind(history: History, person: Person, kind: PassKind) -> Iterator[PassSale | PassUse]:
    calendar = history.calendar
    random = seeded(calendar.industry.template, person.number, "pass", kind.product)
    if random.random() >= kind.share:
        return
    left, sale = 0, None
    for stretch in person.stretches:
        for day in history.days_of(random, stretch, kind.monthly):
            at = calendar.moment(random, day)
            branch = history.branch_of(random, person, day)
            if at > calendar.until:
                return
            if sale is None or left == 0 or day > sale.valid_until:
                if sale is not None and random.random() > _AGAIN:
                    return
                left = kind.uses
                sale = PassSale(
                    external_id=f"PASS-{kind.product}-{day:%Y%m%d}-{person.number:06d}",
                    phone=person.phone,
                    branch=branch,
                    at=at - timedelta(minutes=5),
                    product=kind.product,
                    uses=kind.uses,
                    price=kind.price,
                    valid_until=day + timedelta(days=kind.days),
                    sold_by=random.choice(clerks(calendar.industry, branch)),
                )
                yield sale
            left -= 1
            yield PassUse(f"USE-{kind.product}-{day:%Y%m%d}-{person.number:06d}", sale.external_id, branch, at)

"""From when to when a report looks: two instants, or two local days with all of the last one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.field_types import parse_date, parse_rfc3339
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import ONE_DAY

LONGEST: Final = timedelta(days=100)
_CLOCKS: Final = timedelta(hours=3)
"""So much longer may as many local days be where the clocks were put back among them."""
_DAY: Final = len("2027-03-14")


@dataclass(frozen=True, slots=True)
class Span:
    """`first` is in it, `end` is not."""

    first: datetime
    end: datetime


def span_of(first: str, last: str, zone: ZoneInfo) -> Span:
    """Of the texts of a query: each a day (YYYY-MM-DD) or an instant with its offset (RFC 3339).

    Raises DomainError `validation-failed` at `/from` or `/to`.
    """
    span = Span(_instant("/from", first, zone, days=0), _instant("/to", last, zone, days=1))
    if span.end <= span.first:
        raise DomainError("validation-failed", errors=[FieldError("/to", "ends-before-it-begins")])
    if span.end - span.first > LONGEST + _CLOCKS:
        raise DomainError("validation-failed", errors=[FieldError("/to", "span-too-long", {"days": LONGEST.days})])
    return span


def _instant(pointer: str, text: str, zone: ZoneInfo, *, days: int) -> datetime:
    try:
        if len(text) == _DAY:
            return schedule_instant(parse_date(text) + days * ONE_DAY, zone)
        return parse_rfc3339(text)
    except InvalidValueError:
        raise DomainError("validation-failed", errors=[FieldError(pointer, "day-or-instant")]) from None

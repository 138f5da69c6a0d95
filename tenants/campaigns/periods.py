"""How often a campaign is had: the period in which a member has one share of it."""

from datetime import date
from typing import Final

from tenants.campaigns.document import Once
from tenants.campaigns.when import Always, Between, MonthDays, TimeBox, Weekdays, Yearly

EVER: Final = "ever"
_FORMATS: Final[dict[Once, str]] = {"ever": EVER, "year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


def period_of(once: Once, day: date) -> str:
    """`ever`, `2026`, `2026-11` or `2026-11-22`, of the local day on which it is had."""
    return day.strftime(_FORMATS[once])


def box_period(box: TimeBox, day: date) -> str:
    """For a campaign that doesn't say how often: once while its box lasts, which holds on `day`."""
    match box:
        case Always() | Between():
            return EVER
        case Yearly():  # one that runs over the new year is of the year in which it began
            over = box.first > box.last and f"{day:%m-%d}" <= box.last
            return f"{day.year - over}"
        case Weekdays() | MonthDays():
            return day.isoformat()

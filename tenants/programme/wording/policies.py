"""A ladder's policy, points' expiry and whatever else holds for a time, in words."""

from datetime import date
from typing import Final, assert_never

from saas.i18n import n_
from tenants.programme.rules import EndOfYear, ExpireMonths, Never
from tenants.programme.schedule import (
    LEAP_YEAR,
    AnySchedule,
    AnyValidity,
    CalendarYearEnd,
    Daily,
    Forever,
    Monthly,
    Months,
    Quarterly,
    UntilNextSchedule,
    Yearly,
)
from tenants.programme.wording.teller import Teller

UPGRADES: Final = {
    "immediate": n_("at once, with the purchase that earns it"),
    "scheduled": n_("when the schedule decides"),
}
RECHECKS: Final = {"next_schedule": n_("at the next schedule"), "end_of_day": n_("at the end of the day")}
VISIBILITIES: Final = {"members": n_("members and staff"), "staff": n_("staff alone")}


def schedule_text(schedule: AnySchedule, teller: Teller) -> str:
    match schedule:
        case Daily():
            return teller.say("every midnight")
        case Monthly():
            return teller.say("on the first of each month")
        case Quarterly():
            return teller.say("on the first day of each quarter")
        case Yearly(month=month, day=day):
            return teller.say("each year on %(day)s", day=day_of_year(month, day, teller))
    assert_never(schedule)


def day_of_year(month: int, day: int, teller: Teller) -> str:
    """1 January, as the language writes it."""
    one = date(LEAP_YEAR, month, day)
    return teller.tongue.day_of_year(one)


def validity_text(validity: AnyValidity, teller: Teller) -> str:
    match validity:
        case UntilNextSchedule():
            return teller.say("until the next schedule")
        case Months(months=months):
            return teller.plural("%(n)s month", "%(n)s months", months)
        case CalendarYearEnd():
            return teller.say("until the end of the next calendar year")
        case Forever():
            return teller.say("for ever")
    assert_never(validity)


def expiry_text(expiry: Never | ExpireMonths | EndOfYear, teller: Teller) -> str:
    """When points expire."""
    match expiry:
        case Never():
            return teller.say("never")
        case ExpireMonths(months=months):
            return teller.plural("after %(n)s month", "after %(n)s months", months)
        case EndOfYear(years=0):
            return teller.say("at the end of the year")
        case EndOfYear(years=years):
            return teller.plural("at the end of the next year", "at the end of the year in %(n)s years", years)
    assert_never(expiry)


def days_text(days: int, teller: Teller) -> str:
    return teller.plural("%(n)s day", "%(n)s days", days)

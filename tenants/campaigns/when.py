"""When a campaign holds: a box of local days, or an event that triggers it."""

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tenants.programme.strict import Day, Fault, Money, Strict, as_tuple, by_tag, invalid


class Always(Strict):
    """As long as it is switched on; the audience says for whom."""

    type: Literal["always"]

    def holds(self, day: dt.date) -> bool:  # noqa: ARG002  # one signature for all
        return True


class Between(Strict):
    type: Literal["between"]
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise invalid("between", [Fault(("to",), "days-crossed", "The last day is before the first")])
        return self

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


def _day_of_year(text: str) -> str:
    try:
        dt.date.fromisoformat(f"2000-{text}")
    except ValueError:
        raise PydanticCustomError("no-such-day", "There is no day {day}", {"day": text}) from None
    return text


DayOfYear = Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$"), AfterValidator(_day_of_year)]


class Yearly(Strict):
    """The same days each year, MM-DD, such as a national holiday; `from` after `to` runs over the new year."""

    type: Literal["yearly"]
    first: DayOfYear = Field(alias="from")
    last: DayOfYear = Field(alias="to")

    def holds(self, day: dt.date) -> bool:
        today = f"{day:%m-%d}"
        if self.first <= self.last:
            return self.first <= today <= self.last
        return today >= self.first or today <= self.last


class Weekdays(Strict):
    """ISO: 1 is Monday."""

    type: Literal["weekdays"]
    days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=7)
    ]

    def holds(self, day: dt.date) -> bool:
        return day.isoweekday() in self.days


class MonthDays(Strict):
    """Days of each month; one that a month lacks is left out."""

    type: Literal["month_days"]
    days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=31)], ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=31)
    ]

    def holds(self, day: dt.date) -> bool:
        return day.day in self.days


class OnJoining(Strict):
    type: Literal["joined"]


class OnBirthday(Strict):
    type: Literal["birthday"]
    days_before: int = Field(default=0, ge=0, le=60)


class OnPurchase(Strict):
    """A purchase of at least so much; `by`: a member's, or a guest's, whose coupon is printed."""

    type: Literal["purchase"]
    min_amount: Money = 0
    by: Literal["member", "guest"] = "member"


class OnTierReached(Strict):
    type: Literal["tier_reached"]


class OnTierExpiring(Strict):
    """When a tier's validity ends soon and what would keep it isn't reached yet."""

    type: Literal["tier_expiring"]


class OnPointsExpiring(Strict):
    type: Literal["points_expiring"]
    days: int = Field(ge=1, le=366)


class OnReferral(Strict):
    """When a member's friend buys for the first time; with `count`, only when it is so many friends."""

    type: Literal["referral"]
    count: int | None = Field(default=None, ge=1, le=10**6)


class OnSegmentEntered(Strict):
    """When a member comes into the audience."""

    type: Literal["segment_entered"]


TimeBox = Always | Between | Yearly | Weekdays | MonthDays
Trigger = (
    OnJoining
    | OnBirthday
    | OnPurchase
    | OnTierReached
    | OnTierExpiring
    | OnPointsExpiring
    | OnReferral
    | OnSegmentEntered
)
AnyWhen = TimeBox | Trigger
_MODELS: Final = (
    Always,
    Between,
    Yearly,
    Weekdays,
    MonthDays,
    OnJoining,
    OnBirthday,
    OnPurchase,
    OnTierReached,
    OnTierExpiring,
    OnPointsExpiring,
    OnReferral,
    OnSegmentEntered,
)
When = Annotated[AnyWhen, by_tag("type", "unknown-trigger", *_MODELS)]

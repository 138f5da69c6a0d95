"""Campaigns of a template: all switched off, ready to be switched on."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from industry_templates.texts import Channel
from tenants.programme.strict import (
    Code,
    Day,
    Fault,
    Labels,
    Money,
    MoneyAboveZero,
    Names,
    Percent,
    Rate,
    Strict,
    as_tuple,
    by_tag,
    invalid,
)

# --- when ------------------------------------------------------------------------------------------


class Always(Strict):
    """As long as it is switched on; the audience says for whom."""

    type: Literal["always"]


class Between(Strict):
    type: Literal["between"]
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise invalid("between", [Fault(("to",), "days-crossed", "The last day is before the first")])
        return self


def _day_of_year(text: str) -> str:
    try:
        dt.date.fromisoformat(f"2000-{text}")
    except ValueError:
        raise PydanticCustomError("no-such-day", "There is no day {day}", {"day": text}) from None
    return text


DayOfYear = Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$"), AfterValidator(_day_of_year)]


class Yearly(Strict):
    """The same days each year, MM-DD, such as a national holiday."""

    type: Literal["yearly"]
    first: DayOfYear = Field(alias="from")
    last: DayOfYear = Field(alias="to")


class Weekdays(Strict):
    """ISO: 1 is Monday."""

    type: Literal["weekdays"]
    days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=7)
    ]


class MonthDays(Strict):
    """Days of each month; one that a month lacks is left out."""

    type: Literal["month_days"]
    days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=31)], ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=31)
    ]


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


AnyWhen = (
    Always
    | Between
    | Yearly
    | Weekdays
    | MonthDays
    | OnJoining
    | OnBirthday
    | OnPurchase
    | OnTierReached
    | OnTierExpiring
    | OnPointsExpiring
    | OnReferral
    | OnSegmentEntered
)
TimeBox = Always | Between | Yearly | Weekdays | MonthDays
When = Annotated[
    AnyWhen,
    by_tag(
        "type",
        "unknown-trigger",
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
    ),
]

# --- what ------------------------------------------------------------------------------------------


class PercentOffer(Strict):
    """So much off each line, or off those of the categories."""

    type: Literal["percent"]
    percent: Percent = Field(gt=0)
    categories: Labels = ()


class AmountOffer(Strict):
    """满减: so much off a basket of at least `minimum`."""

    type: Literal["amount"]
    amount: MoneyAboveZero
    minimum: MoneyAboveZero


AnyOffer = PercentOffer | AmountOffer
Offer = Annotated[AnyOffer, by_tag("type", "unknown-offer", PercentOffer, AmountOffer)]


class _Campaign(Strict):
    """`audience`: a segment's code, None for everybody. `control_percent` of the audience, picked at random, gets
    nothing: the difference is what the campaign brought. `once`: how often a member may have it at most.
    """

    code: Code
    names: Names
    when: When
    audience: Code | None = None
    control_percent: Annotated[Percent, Field(le=50)] = Decimal(0)
    channel: Channel | None = None
    message: Code | None = None
    once: Literal["ever", "year", "month", "day"] | None = None
    enabled: Literal[False] = False

    @model_validator(mode="after")
    def _said_somewhere(self) -> Self:
        if (self.channel is None) != (self.message is None):
            raise PydanticCustomError("channel-and-message", "A message needs a channel, and a channel a message")
        if isinstance(self.when, OnSegmentEntered) and self.audience is None:
            raise invalid("campaign", [Fault(("audience",), "audience-missing", "Who enters what?")])
        return self


class MultiplierCampaign(_Campaign):
    """More points for purchases; `stack`: multiplies with others instead of the best one counting."""

    type: Literal["multiplier"]
    multiplier: Rate = Field(gt=1)
    stack: bool = False


class DiscountCampaign(_Campaign):
    type: Literal["discount"]
    offer: Offer


class GrantCampaign(_Campaign):
    """Gives a coupon, points, or both; `both_sides`: to who brought and who was brought."""

    type: Literal["grant"]
    coupon: Code | None = None
    points: int = Field(default=0, ge=0, le=10**6)
    both_sides: bool = False

    @model_validator(mode="after")
    def _gives(self) -> Self:
        if self.coupon is None and self.points == 0:
            raise PydanticCustomError("nothing-granted", "A grant gives a coupon or points")
        return self


class MessageCampaign(_Campaign):
    type: Literal["message"]
    message: Code


AnyCampaign = MultiplierCampaign | DiscountCampaign | GrantCampaign | MessageCampaign
Campaign = Annotated[
    AnyCampaign,
    by_tag("type", "unknown-campaign", MultiplierCampaign, DiscountCampaign, GrantCampaign, MessageCampaign),
]

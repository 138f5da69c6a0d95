"""What a campaign says: multiply points, take something off, give something, tell something; when, and to whom."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from tenants.campaigns.when import OnPurchase, OnReferral, OnSegmentEntered, TimeBox, When
from tenants.programme.strict import (
    Code,
    Fault,
    Labels,
    MoneyAboveZero,
    Names,
    Percent,
    Rate,
    Strict,
    by_tag,
    invalid,
)

Channel = Literal["sms", "email", "wechat", "push"]
Once = Literal["ever", "year", "month", "day"]


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
    once: Once | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.channel is None) != (self.message is None):
            raise PydanticCustomError("channel-and-message", "A message needs a channel, and a channel a message")
        faults = list(self._faults())
        if faults:
            raise invalid("campaign", faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        if isinstance(self.when, OnSegmentEntered) and self.audience is None:
            yield Fault(("when", "type"), "audience-missing", "Who enters what?")
        if isinstance(self.when, OnPurchase) and self.when.by == "guest":
            yield from self._guest_faults()

    def _guest_faults(self) -> Iterator[Fault]:
        """A guest has a printed coupon at most: nobody knows who it is."""
        if not isinstance(self, GrantCampaign) or self.coupon is None:
            yield Fault(("when", "by"), "guest-needs-coupon", "A guest gets a printed coupon or nothing")
        for name in ("audience", "control_percent", "channel", "once", "points"):
            if getattr(self, name, None):
                yield Fault((name,), "not-for-guests", "Nobody knows who a guest is")


class _Offering(_Campaign):
    """A campaign that changes what purchases cost or earn, on the days of its box."""

    def _faults(self) -> Iterator[Fault]:
        yield from super()._faults()
        if not isinstance(self.when, TimeBox):
            yield Fault(("when", "type"), "days-expected", "Prices and points change by the day, not by an event")
        if self.once is not None:
            yield Fault(("once",), "not-once", "It holds for every purchase on its days")


class MultiplierCampaign(_Offering):
    """More points for purchases; `stack`: multiplies with others instead of the best one counting."""

    type: Literal["multiplier"]
    multiplier: Rate = Field(gt=1)
    stack: bool = False


class DiscountCampaign(_Offering):
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

    def _faults(self) -> Iterator[Fault]:
        yield from super()._faults()
        if self.both_sides and not isinstance(self.when, OnReferral):
            yield Fault(("both_sides",), "one-side-only", "Only a referral has two sides")


class MessageCampaign(_Campaign):
    type: Literal["message"]
    message: Code


AnyCampaign = MultiplierCampaign | DiscountCampaign | GrantCampaign | MessageCampaign
Campaign = Annotated[
    AnyCampaign,
    by_tag("type", "unknown-campaign", MultiplierCampaign, DiscountCampaign, GrantCampaign, MessageCampaign),
]
_ADAPTER: TypeAdapter[AnyCampaign] = TypeAdapter(Campaign)


def parse_campaign(data: object) -> AnyCampaign:
    """A campaign from JSON data. Raises pydantic's ValidationError; each location is the path in the document."""
    return _ADAPTER.validate_python(data)


def dumped(campaign: AnyCampaign) -> dict[str, Any]:
    """The document as JSON data."""
    return campaign.model_dump(mode="json")

"""The document of a chain's set-up: what is decided, not what happened. Everything in it goes by its code, so it means
the same in another chain; what belongs to one place (branches, staff, keys, tills) is not in it.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from saas.validation import Body, MinorUnits
from tenants.campaigns.document import Campaign
from tenants.campaigns.texts import Message
from tenants.coupons.bodies import NewCoupon
from tenants.price_lists.bodies import PriceListBody
from tenants.programme.strict import Code
from tenants.rewards.bodies import NewReward
from tenants.segments.api import NewSegment
from tenants.tasks.bodies import NewRule

FORMAT: Final = 1
MOST: Final = 1000
"""Things of one kind."""


class PriceList(PriceListBody):
    code: Code


class Rules(Body):
    """What the chain lets its clerks do alone, and whether a household may share a phone."""

    shared_phones: bool
    clerk_points: Annotated[int, Field(strict=True, ge=0, le=10**9)]
    clerk_money: MinorUnits


class JoinPage(Body):
    open: bool
    words: Annotated[dict[Literal["zh-CN", "en"], Annotated[str, Field(max_length=300)]], Field(max_length=2)]
    privacy_url: Annotated[str, Field(max_length=500)] | None = None


class Configuration(Body):
    """A part that is left out stays as it is; so does what a part doesn't name. `programme` is a whole document of the
    rules; its faults are told with the rest, so it isn't looked at here.
    """

    format: Literal[1]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    programme: dict[str, Any] | None = None
    coupons: Annotated[list[NewCoupon], Field(max_length=MOST)] | None = None
    price_lists: Annotated[list[PriceList], Field(max_length=MOST)] | None = None
    segments: Annotated[list[NewSegment], Field(max_length=MOST)] | None = None
    rewards: Annotated[list[NewReward], Field(max_length=MOST)] | None = None
    message_texts: Annotated[list[Message], Field(max_length=MOST)] | None = None
    campaigns: Annotated[list[Campaign], Field(max_length=MOST)] | None = None
    task_rules: Annotated[list[NewRule], Field(max_length=MOST)] | None = None
    settings: Rules | None = None
    join_page: JoinPage | None = None

"""What running campaigns change about a purchase: discounts, more points, a coupon printed for a guest, what it
triggers.

A purchase reads the running campaigns with its own first statement (`RUNNING`) and asks here, without a further round
trip; only a campaign with an audience costs one (`in_segments`).
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from tenants.campaigns.audience import audience_of
from tenants.campaigns.control import in_control
from tenants.campaigns.document import (
    AnyCampaign,
    AnyOffer,
    DiscountCampaign,
    GrantCampaign,
    MultiplierCampaign,
    parse_campaign,
)
from tenants.campaigns.when import OnPurchase, TimeBox
from tenants.programme.strict import Names

RUNNING: Final = (
    "(SELECT jsonb_agg(jsonb_build_array(c.id, c.document::text) ORDER BY c.code) FROM campaign c"
    " WHERE c.tenant_id = $1 AND c.state = 'running')"
)
"""An expression for a statement whose first parameter is the tenant; NULL where nothing runs."""


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign that is switched on."""

    id: UUID
    campaign: AnyCampaign

    @property
    def code(self) -> str:
        return self.campaign.code


@dataclass(frozen=True, slots=True)
class Discount:
    """Something off. `audience`: the segment whose members have it; None: every member."""

    code: str
    names: Names
    offer: AnyOffer
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Multiplier:
    """More points. Of those that don't `stack` the best one counts; those that do multiply."""

    code: str
    multiplier: Decimal
    stack: bool
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """What a member has of the running campaigns at a purchase, in the order of their codes."""

    discounts: tuple[Discount, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()

    @property
    def audiences(self) -> frozenset[str]:
        """The segments that `within` has to know the member's place in."""
        offered: tuple[Discount | Multiplier, ...] = (*self.discounts, *self.multipliers)
        return frozenset(x.audience for x in offered if x.audience is not None)

    def within(self, segments: Collection[str]) -> "Offers":
        """Those for everybody and for these segments, which the member is in."""
        return Offers(
            tuple(x for x in self.discounts if x.audience is None or x.audience in segments),
            tuple(x for x in self.multipliers if x.audience is None or x.audience in segments),
        )


NOTHING: Final = Offers()


@dataclass(frozen=True, slots=True)
class GuestCoupon:
    """A coupon (its code) that a campaign prints for a guest."""

    campaign_id: UUID
    coupon: str


@lru_cache(maxsize=1024)
def _parsed(document: str) -> AnyCampaign:
    return parse_campaign(json.loads(document))


def parse_running(rows: Sequence[Sequence[Any]] | None) -> tuple[Running, ...]:
    """What `RUNNING` answered."""
    return tuple(Running(UUID(campaign_id), _parsed(document)) for campaign_id, document in rows or ())


def applies(running: Sequence[Running], member_id: UUID, day: date) -> Offers:
    """What the member has on this local day: the box holds, the member isn't in the control group. Where the result
    has `audiences`, `within` them is still to be asked.
    """
    discounts: list[Discount] = []
    multipliers: list[Multiplier] = []
    for one in running:
        said = one.campaign
        if not isinstance(said, DiscountCampaign | MultiplierCampaign):
            continue
        if not isinstance(said.when, TimeBox) or not said.when.holds(day):
            continue
        if in_control(one.id, member_id, said.control_percent):
            continue
        if isinstance(said, DiscountCampaign):
            discounts.append(Discount(said.code, said.names, said.offer, said.audience))
        else:
            multipliers.append(Multiplier(said.code, said.multiplier, said.stack, said.audience))
    return Offers(tuple(discounts), tuple(multipliers))


async def in_segments(member_id: UUID, codes: Collection[str]) -> frozenset[str]:
    """Which of the segments have the member now; one that is gone, or can't be asked any more, has nobody."""
    found = []
    for code in sorted(codes):
        segment = await audience_of(code)
        if segment is not None and await segment.has(member_id):
            found.append(code)
    return frozenset(found)


def triggers(running: Sequence[Running], amount: int) -> bool:
    """Whether a member's purchase of so much (net, minor units) gives a running campaign something to do: then the
    purchase enqueues `campaigns.purchase` {purchase_id}.
    """
    return any(_by(one.campaign, "member", amount) for one in running)


def guest_coupons(running: Sequence[Running], amount: int) -> list[GuestCoupon]:
    """What a guest's purchase of so much is given, printed."""
    return [
        GuestCoupon(one.id, one.campaign.coupon)
        for one in running
        if isinstance(one.campaign, GrantCampaign)
        and one.campaign.coupon is not None
        and _by(one.campaign, "guest", amount)
    ]


def _by(campaign: AnyCampaign, who: str, amount: int) -> bool:
    when = campaign.when
    return isinstance(when, OnPurchase) and when.by == who and amount >= when.min_amount

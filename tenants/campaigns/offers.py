"""What running campaigns change about a purchase: discounts, more points, a coupon printed for a guest, what it
triggers.

A purchase reads the running campaigns with its own first statement (`RUNNING`) and asks here, without a further round
trip; only a campaign with an audience costs one.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from tenants.campaigns.audience import audience_of
from tenants.campaigns.control import in_control
from tenants.campaigns.document import (
    AmountOffer,
    AnyCampaign,
    DiscountCampaign,
    GrantCampaign,
    MultiplierCampaign,
    parse_campaign,
)
from tenants.campaigns.when import OnPurchase, TimeBox
from tenants.pricing.basket import CampaignDiscount, CampaignMultiplier

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


AnyCampaignOffer = CampaignDiscount | CampaignMultiplier


@dataclass(frozen=True, slots=True)
class Offered:
    """What a running campaign changes. `audience`: the segment whose members have it; None: every member."""

    offer: AnyCampaignOffer
    audience: str | None


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


def applies(running: Sequence[Running], member_id: UUID, day: date) -> list[Offered]:
    """What the member has on this local day, in the order of the codes: the box holds, the member isn't in the control
    group. Whether it is in the audience is still to be asked.
    """
    found: list[Offered] = []
    for one in running:
        said = one.campaign
        if not isinstance(said, DiscountCampaign | MultiplierCampaign):
            continue
        if not isinstance(said.when, TimeBox) or not said.when.holds(day):
            continue
        if not in_control(one.id, member_id, said.control_percent):
            found.append(Offered(_offer(said), said.audience))
    return found


def _offer(said: DiscountCampaign | MultiplierCampaign) -> AnyCampaignOffer:
    if isinstance(said, MultiplierCampaign):
        return CampaignMultiplier(said.code, said.multiplier, said.stack)
    if isinstance(said.offer, AmountOffer):
        return CampaignDiscount(said.code, amount=said.offer.amount, minimum=said.offer.minimum)
    return CampaignDiscount(said.code, percent=said.offer.percent, categories=said.offer.categories)


async def open_to(running: Sequence[Running], member_id: UUID, day: date) -> list[AnyCampaignOffer]:
    """What the member has on this local day. Asks the database only where a campaign has an audience."""
    offered = applies(running, member_id, day)
    inside = await in_segments(member_id, {one.audience for one in offered if one.audience is not None})
    return [one.offer for one in offered if one.audience is None or one.audience in inside]


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

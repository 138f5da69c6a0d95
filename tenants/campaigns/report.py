"""What a campaign brought: whom it reached, what they and the control group bought since, what it cost."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.money import exponent
from saas.scope import connection, current
from tenants.campaigns.campaign import campaign_row
from tenants.campaigns.daily import by_day
from tenants.campaigns.document import AnyCampaign, DiscountCampaign, GrantCampaign, MultiplierCampaign, parse_campaign
from tenants.campaigns.groups import Groups, groups_of_audience, groups_of_shares
from tenants.campaigns.when import OnPurchase
from tenants.messages.log import STATES as MESSAGE_STATES

_STANDS: Final = "NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)"
_DISCOUNTS: Final = f"""
SELECT coalesce(sum((d ->> 'amount')::bigint), 0)::bigint AS cost, count(*) AS purchases,
       count(DISTINCT p.member_id) AS members
  FROM purchase p CROSS JOIN LATERAL jsonb_array_elements(p.pricing -> 'discounts') AS d
 WHERE p.tenant_id = $1 AND p.recorded_at >= $2 AND p.recorded_at < $3 AND p.pricing -> 'campaigns' ? $4
   AND d ->> 'type' = 'campaign' AND d ->> 'code' = $4 AND {_STANDS}"""
# Less what the points would have been at the rate without this campaign's factor; one floor, as always.
_MULTIPLIED: Final = f"""
SELECT coalesce(sum(n.points - div(n.earning * n.rate, $5::numeric * 10::numeric ^ $6::integer)), 0)::bigint AS cost,
       count(*) AS purchases, count(DISTINCT n.member_id) AS members
  FROM (SELECT p.member_id, (p.pricing ->> 'points')::numeric AS points, (p.pricing ->> 'earning')::numeric AS earning,
               (p.pricing ->> 'rate')::numeric AS rate
          FROM purchase p
         WHERE p.tenant_id = $1 AND p.recorded_at >= $2 AND p.recorded_at < $3 AND p.pricing -> 'campaigns' ? $4
           AND {_STANDS}) n"""
_POINTS: Final = """
SELECT coalesce(sum(e.points), 0)::bigint FROM campaign_share s
  JOIN points_entry e ON e.tenant_id = $1 AND e.kind = 'campaign' AND e.source_id = s.id
 WHERE s.tenant_id = $1 AND s.campaign_id = $2"""
# Members' coupons have the share as their source; of guests' the coupon and the time tell.
_COUPONS: Final = """
SELECT count(*) AS granted, count(*) FILTER (WHERE g.state = 'used') AS used,
       coalesce(sum(e.amount) FILTER (WHERE g.state = 'used'), 0)::bigint AS taken_off
  FROM coupon_grant g
  LEFT JOIN LATERAL (
       SELECT x.amount FROM coupon_entry x
        WHERE x.tenant_id = $1 AND x.grant_id = g.id AND x.kind = 'use' ORDER BY x.id DESC LIMIT 1) e ON true
 WHERE g.tenant_id = $1 AND g.occasion = 'campaign' AND {whose}"""
_OF_SHARES: Final = "g.source_id IN (SELECT s.id FROM campaign_share s WHERE s.tenant_id = $1 AND s.campaign_id = $2)"
_OF_GUESTS: Final = (
    "g.coupon_id = (SELECT c.id FROM coupon c WHERE c.tenant_id = $1 AND c.code = $2)"
    " AND g.member_id IS NULL AND g.granted_at >= $3 AND g.granted_at < $4"
)
_MESSAGES: Final = """
SELECT g.state, count(*) AS messages FROM message g
 WHERE g.tenant_id = $1 AND g.purpose = $2 AND g.created_at >= $3 GROUP BY g.state"""
_PLACE: Final = "SELECT currency, timezone, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"

Json = dict[str, Any]


async def report_of(campaign_id: UUID) -> Json:
    """As JSON data; amounts in minor units, net of refunds. Of one that was stopped and started again: the last run.
    Raises DomainError `not-found`.
    """
    row = await campaign_row(campaign_id)
    campaign = parse_campaign(row["document"])
    place = await connection().fetchrow(_PLACE, current().tenant_id)
    if place is None:
        raise RuntimeError("a tenant without its row")
    since: datetime | None = row["started_at"]
    until: datetime = row["stopped_at"] or place["now"]
    base = {"campaign_id": campaign_id, "code": campaign.code, "state": row["state"], "from": since}
    if since is None:
        return {**base, "to": None, **_shown(Groups.nobody()), **_no_effect(), "by_day": []}
    offers = isinstance(campaign, DiscountCampaign | MultiplierCampaign)
    groups = (
        await groups_of_audience(campaign_id, campaign, since, until)
        if offers
        else await groups_of_shares(campaign_id, until)
    )
    applied, cost = await _effect(campaign_id, campaign, (since, until), place["currency"])
    messages = await _messages(campaign, since)
    days = await by_day(campaign_id, campaign, (since, until), place["timezone"])
    effect = {"applied": applied, "cost": cost, "messages": messages, "by_day": days}
    return {**base, "to": until, **_shown(groups), **effect}


def _shown(groups: Groups) -> Json:
    return {
        "reached": groups.reached.shown(),
        "control": groups.control.shown(),
        "complete": groups.complete,
        "difference": groups.difference(),
    }


def _no_effect() -> Json:
    return {"applied": _applied(), "cost": _cost(), "messages": dict.fromkeys(MESSAGE_STATES, 0)}


def _applied(purchases: int = 0, members: int = 0) -> Json:
    return {"purchases": purchases, "members": members}


def _cost(discounts: int = 0, points: int = 0, coupons: Json | None = None) -> Json:
    nothing = {"granted": 0, "used": 0, "taken_off": 0}
    return {"discounts": discounts, "points": points, "coupons": nothing | (coupons or {})}


async def _effect(
    campaign_id: UUID, campaign: AnyCampaign, span: tuple[datetime, datetime], currency: str
) -> tuple[Json, Json]:
    """Purchases that it was applied to, and what it cost: taken off, points, coupons."""
    tenant_id = current().tenant_id
    if isinstance(campaign, GrantCampaign):
        points = await connection().fetchval(_POINTS, tenant_id, campaign_id)
        return _applied(), _cost(points=points, coupons=await _coupons(campaign_id, campaign, span))
    if isinstance(campaign, DiscountCampaign):
        row = await connection().fetchrow(_DISCOUNTS, tenant_id, *span, campaign.code)
    elif isinstance(campaign, MultiplierCampaign):
        factor = campaign.multiplier, exponent(currency)
        row = await connection().fetchrow(_MULTIPLIED, tenant_id, *span, campaign.code, *factor)
    else:
        return _applied(), _cost()
    if row is None:
        raise RuntimeError("sums are always answered")
    kind = "discounts" if isinstance(campaign, DiscountCampaign) else "points"
    return _applied(row["purchases"], row["members"]), _cost(**{kind: row["cost"]})


async def _coupons(campaign_id: UUID, campaign: GrantCampaign, span: tuple[datetime, datetime]) -> Json:
    if campaign.coupon is None:
        return {}
    by_guests = isinstance(campaign.when, OnPurchase) and campaign.when.by == "guest"
    whose, arguments = (_OF_GUESTS, [campaign.coupon, *span]) if by_guests else (_OF_SHARES, [campaign_id])
    row = await connection().fetchrow(_COUPONS.format(whose=whose), current().tenant_id, *arguments)
    return {} if row is None else dict(row)


async def _messages(campaign: AnyCampaign, since: datetime) -> Json:
    rows = await connection().fetch(_MESSAGES, current().tenant_id, f"campaign:{campaign.code}", since)
    return dict.fromkeys(MESSAGE_STATES, 0) | {row["state"]: row["messages"] for row in rows}

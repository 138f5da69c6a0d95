"""What is open to the member who buys: benefits of the tiers held, prices, running campaigns."""

from datetime import date

from tenants.campaigns.document import AmountOffer
from tenants.campaigns.offers import Discount, applies, in_segments
from tenants.pricing.basket import CampaignDiscount, CampaignMultiplier, Offers
from tenants.pricing.benefits import benefits_of
from tenants.programme.document import Programme
from tenants.purchases.context import Context


async def offers_of(context: Context, rules: Programme, day: date) -> Offers:
    """The member's, at the tiers held, on the local `day` of the purchase. Asks the database only where a running
    campaign has an audience.
    """
    benefits = benefits_of(rules, context.held)
    prices = {
        sku: kept
        for sku, listed in context.prices.items()
        if (kept := [price for price in listed if price.list in benefits.price_lists])
    }
    if not context.running or context.member_id is None:
        return Offers(benefits, prices)
    running = applies(context.running, context.member_id, day)
    if running.audiences:
        running = running.within(await in_segments(context.member_id, running.audiences))
    return Offers(
        benefits,
        prices,
        tuple(_discount(each) for each in running.discounts),
        tuple(CampaignMultiplier(each.code, each.multiplier, each.stack) for each in running.multipliers),
    )


def _discount(offered: Discount) -> CampaignDiscount:
    offer = offered.offer
    if isinstance(offer, AmountOffer):
        return CampaignDiscount(offered.code, amount=offer.amount, minimum=offer.minimum)
    return CampaignDiscount(offered.code, percent=offer.percent, categories=offer.categories)

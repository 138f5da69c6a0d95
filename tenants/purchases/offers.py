"""What is open to the member who buys: benefits of the tiers held, prices, running campaigns."""

from datetime import date

from tenants.campaigns.offers import open_to
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
    found = await open_to(context.running, context.member_id, day)
    return Offers(
        benefits,
        prices,
        tuple(each for each in found if isinstance(each, CampaignDiscount)),
        tuple(each for each in found if isinstance(each, CampaignMultiplier)),
    )

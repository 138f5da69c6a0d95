"""What the tiers that a member holds give at the till."""

from collections.abc import Mapping

from tenants.pricing.basket import ONE, Benefits, TierDiscount
from tenants.programme.benefits import Discount, PointsMultiplier, PriceList
from tenants.programme.document import Programme, Tier


def benefits_of(rules: Programme, held: Mapping[str, str]) -> Benefits:
    """The benefits of every ladder's tier together. `held` has codes of tiers above the base by ladder, as stored; a
    ladder that it lacks, or whose tier the rules no longer have, counts as its base tier.

    Of several multipliers the largest counts; a tier without one multiplies by 1.
    """
    discounts: list[TierDiscount] = []
    lists: dict[str, None] = {}
    multiplier = None
    for ladder in rules.ladders:
        tier: Tier = rules.raised(ladder, held.get(ladder.code, "")) or ladder.tiers[0]
        for benefit in tier.benefits:
            if isinstance(benefit, Discount):
                discounts.append(TierDiscount(ladder.code, tier.code, benefit.percent, benefit.category))
            elif isinstance(benefit, PriceList):
                lists[benefit.code] = None
            elif isinstance(benefit, PointsMultiplier):
                multiplier = benefit.multiplier if multiplier is None else max(multiplier, benefit.multiplier)
    return Benefits(tuple(discounts), tuple(lists), ONE if multiplier is None else multiplier)

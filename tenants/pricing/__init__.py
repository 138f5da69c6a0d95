"""What a basket costs and earns: pure arithmetic on values, the same for a quote and for a purchase.

The order is that of `docs/pricing.md`: tier discounts per line, the best campaign, coupons (`price`); points as payment
and the wallet (`payment`); then what the rest earns (`earning`). Nothing here reads or writes anything.
"""

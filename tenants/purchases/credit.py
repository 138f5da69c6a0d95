"""How a purchase `p` was credited: at the till with its price, or afterwards, when its import gave points."""

from typing import Final

CREDIT: Final = "LEFT JOIN purchase_credit c ON c.tenant_id = p.tenant_id AND c.purchase_id = p.id"
PRICING: Final = (
    "coalesce(p.pricing, CASE WHEN c.purchase_id IS NOT NULL THEN"
    " jsonb_build_object('earning', c.earning, 'rate', c.rate::text, 'points', c.points) END)"
)
"""As `purchase.pricing`, with the join `CREDIT`."""

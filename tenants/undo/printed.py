"""Coupons that a campaign printed for a guest with a purchase: they end with its undo."""

from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.coupons.ledger import post
from tenants.coupons.postings import Posting
from tenants.refunds.returning import Reason

_PRINTED: Final = """
SELECT g.id, g.state FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.occasion = 'campaign' AND g.source_id = $2 AND g.granted_to IS NULL ORDER BY g.id"""


async def require_unused_coupons(purchase_id: UUID) -> None:
    """Raises DomainError `undo-used` where somebody has used one already."""
    printed = await connection().fetch(_PRINTED, current().tenant_id, purchase_id)
    if any(row["state"] == "used" for row in printed):
        raise DomainError("undo-used")


async def void_coupons(why: Reason) -> None:
    """Those that nobody has used."""
    printed = await connection().fetch(_PRINTED, current().tenant_id, why.purchase.id)
    await post(
        [
            Posting(
                kind="void",
                grant_id=row["id"],
                member_id=None,
                seq=None,
                day=why.today,
                recorded_at=why.recorded_at,
                actor=why.actor,
                source_id=why.source_id,
                branch_id=why.purchase.branch_id,
            )
            for row in printed
            if row["state"] == "open"
        ]
    )

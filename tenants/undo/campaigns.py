"""What campaigns gave a member for a purchase: it ends with the undo, unless something of it was used."""

from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.campaigns.taking_back import Given, Why, given_for
from tenants.campaigns.taking_back import take_back as take_back_given
from tenants.refunds.returning import Reason

_SHARES: Final = """
SELECT s.id FROM campaign_share s WHERE s.tenant_id = $1 AND s.member_id = $2 AND s.source_id = $3 ORDER BY s.id"""


async def gifts_of(purchase_id: UUID, member_id: UUID) -> Given:
    """To be read behind the member's lock. Raises DomainError `undo-used` where something of it was used."""
    rows = await connection().fetch(_SHARES, current().tenant_id, member_id, purchase_id)
    given = await given_for([row["id"] for row in rows])
    if given.used:
        raise DomainError("undo-used")
    return given


async def take_back(given: Given, why: Reason) -> None:
    """All of it; another purchase may bring it again."""
    member_id, seq = why.purchase.holder_id, why.seq
    if member_id is None or seq is None:
        raise RuntimeError("shares are a member's")
    await take_back_given(
        given,
        Why(
            member_id=member_id,
            seq=seq,
            recorded_at=why.recorded_at,
            today=why.today,
            source_id=why.source_id,
            branch_id=why.purchase.branch_id,
        ),
    )

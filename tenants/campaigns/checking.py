"""What a campaign names must be there: a segment, a coupon that is still given, a text with the channel."""

from typing import Any, Final

from saas.errors import FieldError
from saas.scope import connection, current
from tenants.campaigns.document import AnyCampaign, GrantCampaign

_NAMED: Final = """
SELECT EXISTS (SELECT FROM segment s WHERE s.tenant_id = $1 AND s.code = $2) AS segment,
       EXISTS (SELECT FROM coupon c WHERE c.tenant_id = $1 AND c.code = $3 AND c.ended_at IS NULL) AS coupon,
       (SELECT m.document -> 'channels' FROM message_text m WHERE m.tenant_id = $1 AND m.code = $4) AS channels"""


async def faults_of(campaign: AnyCampaign) -> list[FieldError]:
    """`unknown-segment`, `unknown-coupon`, `unknown-message`, `wrong-channel` with pointers into the document."""
    coupon = campaign.coupon if isinstance(campaign, GrantCampaign) else None
    row = await connection().fetchrow(_NAMED, current().tenant_id, campaign.audience, coupon, campaign.message)
    if row is None:
        raise RuntimeError("an expression is always answered")
    faults = []
    if campaign.audience is not None and not row["segment"]:
        faults.append(FieldError("/audience", "unknown-segment"))
    if coupon is not None and not row["coupon"]:
        faults.append(FieldError("/coupon", "unknown-coupon", {"value": coupon}))
    if campaign.message is not None:
        faults += _text_faults(campaign, row["channels"])
    return faults


def _text_faults(campaign: AnyCampaign, channels: Any) -> list[FieldError]:
    if channels is None:
        return [FieldError("/message", "unknown-message", {"value": campaign.message})]
    if campaign.channel not in channels:
        return [FieldError("/channel", "wrong-channel", {"channel": campaign.channel})]
    return []

"""A campaign day by day: how many had their share; of a discount or multiplier, how many purchases it touched."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.campaigns.document import AnyCampaign, DiscountCampaign, MultiplierCampaign

DAYS: Final = timedelta(days=30)

SHARES: Final = """
SELECT (s.at AT TIME ZONE $3)::date AS day, count(*) AS count FROM campaign_share s
 WHERE s.tenant_id = $1 AND s.campaign_id = $2 AND NOT s.is_control AND s.at >= $4 AND s.at < $5
 GROUP BY 1 ORDER BY 1"""
PURCHASES: Final = """
SELECT (p.recorded_at AT TIME ZONE $3)::date AS day, count(*) AS count FROM purchase p
 WHERE p.tenant_id = $1 AND p.recorded_at >= $4 AND p.recorded_at < $5 AND p.pricing -> 'campaigns' ? $2
   AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)
 GROUP BY 1 ORDER BY 1"""


async def by_day(
    campaign_id: UUID, campaign: AnyCampaign, span: tuple[datetime, datetime], timezone: str
) -> list[dict[str, Any]]:
    """`{day, count}` of the span's last thirty days that had any, in their order; days are local ones."""
    since, until = max(span[0], span[1] - DAYS), span[1]
    offers = isinstance(campaign, DiscountCampaign | MultiplierCampaign)
    sql, what = (PURCHASES, campaign.code) if offers else (SHARES, campaign_id)
    return [dict(row) for row in await connection().fetch(sql, current().tenant_id, what, timezone, since, until)]

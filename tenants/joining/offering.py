"""What the sign-up page promises: only what is in force today."""

from typing import Any, Final

from saas.i18n import Tongue
from saas.scope import connection, current
from tenants.campaigns.document import GrantCampaign, parse_campaign
from tenants.digital_card.showing import ChainOnCard, benefits_on_card, teller_of
from tenants.programme.versions import current_programme
from tenants.programme.wording.teller import Teller
from tenants.tiers.labels import tone_of

_WELCOME: Final = """
SELECT c.document FROM campaign AS c
 WHERE c.tenant_id = $1 AND c.state = 'running' AND c.document -> 'when' ->> 'type' = 'joined'
   AND c.document ->> 'type' = 'grant' ORDER BY c.id"""


async def offered(chain: ChainOnCard, speaks: Tongue) -> dict[str, Any]:
    """Welcome gifts, what every member has at once, and the tiers that can be reached."""
    teller, rules = await teller_of(chain, speaks), await current_programme()
    ladders = [ladder for ladder in rules.ladders if ladder.visibility == "members"]
    tiers = [
        {"name": tier.names.get(speaks.language), "tone": tone_of(tier.rank, len(ladders[0].tiers))}
        for tier in (ladders[0].tiers if ladders else ())
    ]
    at_once = [text for ladder in ladders for text in benefits_on_card(ladder.tiers[0], teller)]
    return {"gifts": await _gifts(teller), "at_once": at_once, "tiers": tiers}


async def _gifts(teller: Teller) -> list[str]:
    """Of the running campaigns that give something to whoever joins; those for a part of the members promise nothing
    to who isn't known yet.
    """
    gifts = []
    for row in await connection().fetch(_WELCOME, current().tenant_id):
        campaign = parse_campaign(row["document"])
        if not isinstance(campaign, GrantCampaign) or campaign.audience is not None or campaign.control_percent:
            continue
        if campaign.coupon is not None:
            gifts.append(
                teller.sentence(teller.say("Welcome coupon %(coupon)s", coupon=teller.own("coupon", campaign.coupon)))
            )
        if campaign.points:
            gifts.append(teller.sentence(teller.say("%(n)s welcome points", n=teller.number(campaign.points))))
    return gifts

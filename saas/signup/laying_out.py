"""What every new chain begins with: its programme, and all that its template brings."""

from typing import Any, Final

from industry_templates import loader
from industry_templates.offers import Reward
from tenants.branches.branch import open_branch
from tenants.campaigns.campaign import install_campaigns
from tenants.campaigns.message_texts import install_texts
from tenants.coupons.coupon import install_coupons
from tenants.price_lists.price_list import install_price_list
from tenants.programme.document import Programme
from tenants.rewards.reward import Offered, install_rewards
from tenants.segments.install import Selected, install_segments
from tenants.tasks.rule import install_rules
from tenants.tenant.create import NewTenant, create_tenant
from tenants.tiers.schedules import install_schedules

_BRANCH: Final = {"zh-CN": "总店", "en": "Main branch"}


async def lay_out(new: NewTenant) -> dict[str, Any]:
    """The current scope's chain, in trial, and its first branch, which is the answer. Nobody works there yet."""
    template = loader.get(new.template)
    variant = template.variant(new.variant)
    programme = template.programme_of(variant)
    await create_tenant(new, programme)
    await install_schedules(programme, new.timezone)
    await install_segments([Selected(x.code, x.names, x.condition) for x in template.segments_of(variant)])
    await install_coupons(template.coupons)
    await install_rewards([_offered(reward, programme) for reward in template.rewards])
    await install_texts(template.messages)
    await install_campaigns(template.campaigns)
    await install_rules(template.tasks)
    for prices in template.price_lists:
        items = [item.model_dump(mode="json") for item in prices.items]
        await install_price_list(prices.code, prices.names, items)
    return await open_branch("main", _BRANCH[new.locale], "own")


def _offered(reward: Reward, programme: Programme) -> Offered:
    """A template's reward; the tier that it asks for is on the first ladder that has one of this code."""
    ladders = [ladder.code for ladder in programme.ladders if reward.tier is not None and ladder.tier(reward.tier)]
    floor = (ladders[0], reward.tier) if ladders and reward.tier is not None else None
    return Offered(reward.code, reward.names, reward.points, reward.stock, floor)

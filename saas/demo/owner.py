"""What a chain's owner sets up once: the members' prices, and the campaigns that run."""

from typing import Any, Final

from saas.demo.client import Client
from saas.demo.industry import Industry

_PRICE_LIST: Final = "member"
OPENING: Final = ("member-day",)
"""Campaigns of the templates that run from the history's first day on."""
LATELY: Final = ("welcome-gift",)
"""Those that were started in its last weeks."""


def put_prices(client: Client, industry: Industry) -> None:
    """The members' price list, where the industry has one. Twice is once."""
    prices = [
        {"sku": item.sku, "list_price": item.low, "price": item.member}
        for item in industry.goods
        if item.member is not None
    ]
    if prices:
        names = {"zh-CN": "会员价", "en": "Member prices"}
        client.put(f"/v1/price-lists/{_PRICE_LIST}", {"names": names, "prices": prices})


def start(client: Client, codes: tuple[str, ...]) -> None:
    """Starts these campaigns, where they don't run yet."""
    drafts: list[dict[str, Any]] = client.get("/v1/campaigns?limit=200&state=draft")["data"]
    for campaign in drafts:
        if campaign["code"] in codes:
            client.post(f"/v1/campaigns/{campaign['id']}/start", {})

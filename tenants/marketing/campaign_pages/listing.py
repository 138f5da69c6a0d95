"""`/campaigns`: those that run, what waits to be started, what is over."""

from typing import Any, Final
from uuid import UUID

from litestar import get

from saas.i18n import Tongue
from saas.paging import decode_cursor, encode_cursor
from tenants.campaigns.document import AnyCampaign, DiscountCampaign, MultiplierCampaign, parse_campaign
from tenants.campaigns.looking import REACHED, campaigns_by_state, newest_campaigns, shares_of
from tenants.campaigns.when import OnPurchase
from tenants.frame import Frame, frame
from tenants.marketing.asking import address
from tenants.marketing.campaign_pages.choices import choices_of
from tenants.marketing.campaign_pages.words import KINDS, SIGNS, STATES, Words
from tenants.offers.asking import READ, Answer, Asked, answer, speaks_of
from tenants.offers.coupon_pages.words import named

HOME: Final = "/campaigns"
_SHOWN: Final = 30
_META: Final = frozenset(("id", "state", "source", "created_at", "started_at", "stopped_at"))
_MOMENT: Final = {"draft": "created_at", "running": "started_at", "stopped": "stopped_at"}


def campaign_kept(kept: dict[str, Any]) -> AnyCampaign:
    """The document of a campaign as it is shown."""
    return parse_campaign({name: value for name, value in kept.items() if name not in _META})


@get(HOME, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """Those that run, or those of another `state`, or of one `kind`; drafts first where nothing runs."""
    speaks, around, counts = speaks_of(request), await frame(), await campaigns_by_state()
    state, kind = request.query_params.get("state", ""), request.query_params.get("kind", "")
    if state not in STATES:
        state = "running" if counts.get("running") or not counts.get("draft") else "draft"
    kind, cursor = kind if kind in KINDS else "", request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    found = await newest_campaigns(before, _SHOWN + 1, state, kind or None)
    shown = found[:_SHOWN]
    reached = await shares_of([one["id"] for one in shown])
    words = (await choices_of(speaks)).words(speaks, around)
    more = encode_cursor(shown[-1]["id"]) if len(found) > _SHOWN else None
    here = {"state": state, "kind": kind}
    context = {
        "lines": [_line(one, reached[one["id"]], words, around) for one in shown],
        "state": state,
        "kind": kind,
        "kinds": [("", speaks.say("Every kind")), *((code, speaks.say(name)) for code, name in KINDS.items())],
        "views": [
            (
                address(HOME, {**here, "state": code}),
                _counted(speaks.say(name), counts.get(code, 0), speaks),
                code == state,
            )
            for code, name in STATES.items()
        ],
        "drafts": counts.get("draft", 0),
        "first": address(HOME, here) if cursor else None,
        "following": address(HOME, {**here, "cursor": more}) if more else None,
    }
    return await answer(request, "campaign_pages/campaigns.html", context, around=around)


def _counted(name: str, n: int, speaks: Tongue) -> str:
    return f"{name} {speaks.number(n)}" if n else name


def _line(kept: dict[str, Any], reached: int, words: Words, around: Frame) -> dict[str, Any]:
    campaign = campaign_kept(kept)
    at = kept[_MOMENT[kept["state"]]]
    return {
        "id": kept["id"],
        "name": named(kept["names"], words.speaks),
        "kind": words.speaks.say(KINDS[campaign.type]),
        "sign": SIGNS[campaign.type],
        "what": words.what(campaign),
        "told": "" if campaign.type == "message" else words.told(campaign),
        "when": words.when(campaign),
        "whom": words.whom(campaign),
        "control": bool(campaign.control_percent),
        "reached": _reached(campaign, reached, words) if kept["started_at"] else "",
        "day": words.speaks.day(at.astimezone(around.timezone).date()),
    }


def _reached(campaign: AnyCampaign, shares: int, words: Words) -> str:
    """How many had it; of what the till does by itself, and of guests, there are no shares to count."""
    by_till = isinstance(campaign, DiscountCampaign | MultiplierCampaign)
    if (by_till and not shares) or (isinstance(campaign.when, OnPurchase) and campaign.when.by == "guest"):
        return words.speaks.say("works at the till")
    return words.speaks.number(shares) if shares <= REACHED else f"{words.speaks.number(REACHED)}+"


HANDLERS = [show]

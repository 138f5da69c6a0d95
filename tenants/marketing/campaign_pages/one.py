"""`/campaigns/{id}`: what it is, what may be done with it; starting, stopping and forgetting it are asked first."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.i18n import n_
from saas.pages import see_other
from saas.scope import current
from tenants.campaigns.campaign import campaign_row, delete_campaign, shown, start_campaign, stop_campaign
from tenants.campaigns.checking import faults_of
from tenants.campaigns.document import AnyCampaign, GrantCampaign, parse_campaign
from tenants.frame import Frame, frame
from tenants.marketing.campaign_pages.choices import choices_of
from tenants.marketing.campaign_pages.editing import ONE
from tenants.marketing.campaign_pages.form import placed
from tenants.marketing.campaign_pages.listing import HOME
from tenants.marketing.campaign_pages.outlook import outlook_of
from tenants.marketing.campaign_pages.words import KINDS, SIGNS, STATE, TONES
from tenants.marketing.message_pages.sample import samples
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, refused, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told

_SAID: Final = {
    "made": n_("The draft is kept. It does nothing before you start it."),
    "changed": n_("Saved."),
    "started": n_("It runs."),
    "stopped": n_("It has stopped. What was given stays given."),
}


@get(ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    """What it does, with its text; of one that ran, what it brought."""
    row, around = await campaign_row(campaign_id), await frame()
    campaign, problem, who = parse_campaign(row["document"]), None, current().principal
    gone = await faults_of(campaign) if row["state"] != "stopped" else []
    if gone:
        error = placed(DomainError("campaign-outdated", errors=gone), row["document"]["when"]["type"])
        problem = refused(request, error, around)
    context = {
        **await _about(request, row, around),
        "said": _SAID.get(request.query_params.get("done", "")),
        "reports": row["started_at"] is not None and who.may("reports:read") and who.branch_ids is None,
        "logs": campaign.message is not None and row["started_at"] is not None,
    }
    if problem is not None:  # said on the page, which is there all the same
        return await answer(request, "campaign_pages/campaign.html", {**context, "problem": problem}, around=around)
    return await answer(request, "campaign_pages/campaign.html", context, around=around)


@get(f"{ONE}/start", opt=DEFINE, include_in_schema=False)
async def ask_start(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    """What happens as soon as it is started, and for how many."""
    row = await campaign_row(campaign_id)
    if row["state"] == "running":
        return see_other(f"{HOME}/{campaign_id}")
    return await _ask_start(request, row, await frame())


@post(f"{ONE}/start", opt=DEFINE, include_in_schema=False)
async def start(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    """Switches it on; again changes nothing."""
    around = await frame()
    try:
        await start_campaign(campaign_id)
    except DomainError as error:
        row = await campaign_row(campaign_id) if error.code != "not-found" else None
        if row is None:
            raise
        problem = refused(request, placed(error, row["document"]["when"]["type"]), around)
        return await _ask_start(request, row, around, problem)
    return see_other(f"{HOME}/{campaign_id}?done=started")


@get(f"{ONE}/stop", opt=DEFINE, include_in_schema=False)
async def ask_stop(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    row = await campaign_row(campaign_id)
    if row["state"] != "running":
        return see_other(f"{HOME}/{campaign_id}")
    around = await frame()
    return await answer(request, "campaign_pages/stop.html", await _about(request, row, around), around=around)


@post(f"{ONE}/stop", opt=DEFINE, include_in_schema=False)
async def stop(campaign_id: FromPath[UUID]) -> Answer:
    """Switches it off; again changes nothing."""
    try:
        await stop_campaign(campaign_id)
    except DomainError as error:
        if error.code != "campaign-not-running":
            raise
        return see_other(f"{HOME}/{campaign_id}")  # still a draft: its page says so
    return see_other(f"{HOME}/{campaign_id}?done=stopped")


@get(f"{ONE}/delete", opt=DEFINE, include_in_schema=False)
async def ask_delete(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    row = await campaign_row(campaign_id)
    if row["state"] != "draft":
        return see_other(f"{HOME}/{campaign_id}")
    around = await frame()
    return await answer(request, "campaign_pages/delete.html", await _about(request, row, around), around=around)


@post(f"{ONE}/delete", opt=DEFINE, include_in_schema=False)
async def delete(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    around = await frame()
    try:
        await delete_campaign(campaign_id)
    except DomainError as error:
        problem = refused(request, error, around)
        about = await _about(request, await campaign_row(campaign_id), around)
        return await answer(request, "campaign_pages/delete.html", about, problem, around=around)
    return see_other(f"{HOME}?state=draft&done=deleted")


async def _ask_start(request: Asked, row: Any, around: Frame, problem: Told | None = None) -> Answer:
    speaks, campaign = speaks_of(request), parse_campaign(row["document"])
    outlook = None
    try:
        outlook = await outlook_of(campaign, speaks)
    except DomainError as error:
        problem = problem or refused(request, error, around)
    context = {**await _about(request, row, around), "outlook": outlook}
    return await answer(request, "campaign_pages/start.html", context, problem, around=around)


async def _about(request: Asked, row: Any, around: Frame) -> dict[str, Any]:
    speaks, kept, campaign = speaks_of(request), shown(row), parse_campaign(row["document"])
    state: str = kept["state"]
    choices = await choices_of(speaks)
    words = choices.words(speaks, around)
    text = choices.texts.get(campaign.message or "")
    told = await samples(text["texts"], **_given(campaign, choices.gifts)) if text else []
    return {
        "campaign": kept,
        "title": named(kept["names"], speaks),
        "state": speaks.say(STATE[state]),
        "tone": TONES[state],
        "sign": SIGNS[campaign.type],
        "kind": speaks.say(KINDS[campaign.type]),
        "facts": words.facts(campaign),
        "summary": speaks.say("; ").join(one for one in (words.what(campaign), words.when(campaign)) if one),
        "example": words.example(campaign),
        "text": text,
        "samples": [one for one in told if one.sent],
        "by_sms": campaign.channel == "sms",
        "by_till": campaign.type in {"discount", "multiplier"},
    }


def _given(campaign: AnyCampaign, gifts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    if not isinstance(campaign, GrantCampaign):
        return {}
    return {"points": campaign.points, "coupon": gifts.get(campaign.coupon or "")}


HANDLERS = [one, ask_start, start, ask_stop, stop, ask_delete, delete]

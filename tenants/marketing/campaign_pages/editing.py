"""A campaign is written: which kind, then the sentences of that kind; it says live what it would do, and for whom."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError, Language
from saas.pages import see_other
from tenants.campaigns.campaign import campaign_row, change_campaign, make_campaign, mark_of, shown
from tenants.campaigns.document import AnyCampaign, GrantCampaign, dumped
from tenants.campaigns.looking import campaigns_named
from tenants.frame import Frame, frame
from tenants.marketing.campaign_pages.choices import Choices, choices_of, options_of
from tenants.marketing.campaign_pages.form import (
    BOXES,
    EMPTY,
    EVENTS,
    FIELDS,
    MODELS,
    campaign_of,
    filled,
    placed,
)
from tenants.marketing.campaign_pages.listing import HOME, campaign_kept
from tenants.marketing.campaign_pages.outlook import audience_counted
from tenants.marketing.campaign_pages.words import KINDS, SIGNS
from tenants.marketing.message_pages.sample import Sample, samples
from tenants.offers.asking import DEFINE, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told, act_of, new_act
from tenants.segments.selecting import Counted

ONE: Final = f"{HOME}/{{campaign_id:uuid}}"
_LIVE: Final = 1.0
"""Seconds of counting while somebody writes."""


@get(f"{HOME}/new", opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    """Which kind; with `kind` an empty form of it; with `like` a campaign that is taken as a start."""
    around, kind, like = await frame(), request.query_params.get("kind", ""), request.query_params.get("like")
    form, weekdays = EMPTY.get(kind, {}), [str(n) for n in (6, 7)]
    if like is not None:
        kept = shown(await campaign_row(_id_of(like)))
        kind, campaign = kept["type"], campaign_kept(kept)
        form, weekdays = filled(dumped(campaign), around.currency)
        form = {**form, **_copied(form)}
    if kind not in MODELS:
        kinds = [(code, SIGNS[code], speaks_of(request).say(name)) for code, name in KINDS.items()]
        return await answer(request, "campaign_pages/kinds.html", {"kinds": kinds}, around=around)
    return await _form(request, around, kind, {**form, "act_id": new_act()}, weekdays)


@post(f"{HOME}/new", opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """A draft. Sent twice, the second finds what the first has made."""
    form, lists, around = await form_of(request, ("weekdays",))
    kind, weekdays = form.get("kind", ""), lists["weekdays"]
    if kind not in MODELS:
        return see_other(f"{HOME}/new")
    if form.get("act") != "save":
        return await _form(request, around, kind, form, weekdays)
    try:
        asked = typed(form, around)
        own = act_of({"act": form.get("act_id", "")}).hex[-6:]
        code = asked.plain("code") or code_of(form.get("names_en", ""), kind, own)
        campaign = campaign_of(asked, kind, code, weekdays)
        before = (await campaigns_named([code])).get(code)
        made = before if before and campaign_kept(before) == campaign else await make_campaign(campaign)
    except DomainError as error:
        problem = refused(request, placed(error, form.get("when", "")), around, FIELDS)
        return await _form(request, around, kind, form, weekdays, problem)
    return _leads_on(request, f"{HOME}/{made['id']}?done=made")


@get(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    """A draft's form; what ran is led back to its page, which says how to go on."""
    row, around = await campaign_row(campaign_id), await frame()
    if row["state"] != "draft":
        return see_other(f"{HOME}/{campaign_id}")
    form, weekdays = filled(row["document"], around.currency)
    form["seen"] = mark_of(row["document"])
    return await _form(request, around, row["document"]["type"], form, weekdays, kept=shown(row))


@post(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def change(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    form, lists, around = await form_of(request, ("weekdays",))
    row, weekdays = await campaign_row(campaign_id), lists["weekdays"]
    kept, kind = shown(row), row["document"]["type"]
    if form.get("act") != "save":
        return await _form(request, around, kind, form, weekdays, kept=kept)
    try:
        campaign = campaign_of(typed(form, around), kind, kept["code"], weekdays)
        await change_campaign(campaign_id, campaign, form.get("seen", ""))
    except DomainError as error:
        if error.code == "changed-meanwhile":  # who has been told of it may save over it
            form["seen"] = mark_of(row["document"])
        problem = refused(request, placed(error, form.get("when", "")), around, FIELDS)
        return await _form(request, around, kind, form, weekdays, problem, kept=kept)
    return _leads_on(request, f"{HOME}/{campaign_id}?done=changed")


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise DomainError("not-found") from None


def _copied(form: Mapping[str, str]) -> dict[str, str]:
    """A copy's names tell it from the one that it was made of."""
    endings = {"names_zh-CN": "（副本）", "names_en": " (copy)"}
    return {name: form[name] + ending for name, ending in endings.items() if form.get(name)}


def _leads_on(request: Asked, target: str) -> Answer:
    if request.headers.get("hx-request"):
        return Response(b"", status_code=204, headers={"HX-Redirect": target})
    return see_other(target)


def _drafted(form: Mapping[str, str], kind: str, weekdays: list[str], around: Frame) -> AnyCampaign | DomainError:
    """What the form says by now; a name that is still to come doesn't matter."""
    nameless = not any(form.get(name, "").strip() for name in ("names_zh-CN", "names_en"))
    asked = typed({**form, "names_en": "-"} if nameless else form, around)
    try:
        return campaign_of(asked, kind, "draft", weekdays)
    except DomainError as error:
        return error


def _is_filled(form: Mapping[str, str], name: str) -> bool:
    """Whether somebody has put something into the field; a day of the year has two."""
    return bool(form.get(name) or (form.get(f"{name}_month") and form.get(f"{name}_day")))


async def _form(
    request: Asked,
    around: Frame,
    kind: str,
    form: dict[str, str],
    weekdays: list[str],
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Answer:
    speaks, choices = speaks_of(request), await choices_of(speaks_of(request))
    drafted, counted, wrong = _drafted(form, kind, weekdays, around), None, {}
    campaign = None if isinstance(drafted, DomainError) else drafted
    if campaign is not None and problem is None:
        counted, problem = await _counted(request, campaign, around)
    if isinstance(drafted, DomainError) and problem is None:  # what is still to come is no fault yet
        found = refused(request, drafted, around, FIELDS).fields
        wrong = {name: message for name, message in found.items() if _is_filled(form, name)}
    words = choices.words(speaks, around)
    context = {
        "form": form,
        "kind": kind,
        "kind_name": speaks.say(KINDS[kind]),
        "sign": SIGNS[kind],
        "campaign": kept,
        "title": named(kept["names"], speaks) if kept else "",
        "gives": kind in {"grant", "message"},
        "boxes": BOXES,
        "events": EVENTS,
        "chosen_weekdays": weekdays,
        "counted": counted,
        "words": [] if campaign is None else [one for one in words.facts(campaign) if one[1] != campaign.code],
        "example": "" if campaign is None else words.example(campaign),
        "samples": await _samples(form, choices, campaign),
        "by_sms": form.get("tell", "").endswith("sms"),
        **options_of(choices, form, speaks),
    }
    context["wrong"] = {**wrong, **(problem.fields if problem else {})}
    return await answer(request, "campaign_pages/form.html", context, problem, around=around)


async def _counted(request: Asked, campaign: AnyCampaign, around: Frame) -> tuple[Counted | None, Told | None]:
    try:
        return await audience_counted(campaign, _LIVE), None
    except DomainError as error:
        return None, refused(request, error, around)


async def _samples(form: Mapping[str, str], choices: Choices, campaign: AnyCampaign | None) -> list[Sample]:
    """The text that it would send, in the chain's language, with what it gives."""
    text = choices.texts.get(form.get("tell", "").partition("@")[0])
    if text is None:
        return []
    gift: Mapping[Language, str] | None = None
    points = 0
    if isinstance(campaign, GrantCampaign):
        points = campaign.points
        gift = choices.gifts.get(campaign.coupon or "")  # type: ignore[assignment]  # names are by language
    return [one for one in await samples(text["texts"], points=points, coupon=gift) if one.sent]


HANDLERS = [new, create, edit, change]

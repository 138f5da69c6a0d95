"""A ladder's name and settings: who sees it, when it decides, how long a tier holds; which ladder is the main one."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.i18n import n_
from saas.pages import see_other
from tenants.programme.lineage import Holders
from tenants.programme.strict import Loc
from tenants.programme.wording.policies import RECHECKS, VISIBILITIES
from tenants.programme_pages.drafting import Draft, change_draft, shown, whole
from tenants.programme_pages.finding import Json, ladder_at, name_of
from tenants.programme_pages.ladders import names_of
from tenants.programme_pages.sections import WRITE, draft_of, draft_to_change, section

HOME: Final = "/programme/tiers"
_ADDRESS: Final = "/programme/ladders/{ladder:str}"
_Request = Request[Any, Any, Any]

UPGRADES: Final = (
    ("immediate", n_("At once, with the purchase that earns it")),
    ("scheduled", n_("When the schedule decides")),
)
SCHEDULES: Final = (
    ("daily", n_("Every midnight")),
    ("monthly", n_("On the first of each month")),
    ("quarterly", n_("On the first day of each quarter")),
    ("yearly", n_("Once a year, on a day of your choice")),
)
VALIDITIES: Final = (
    ("until_next_schedule", n_("Until it is decided anew")),
    ("months", n_("A number of months")),
    ("calendar_year_end", n_("Until the end of the next calendar year")),
    ("forever", n_("For ever")),
)


@get(_ADDRESS, opt=WRITE, include_in_schema=False)
async def show(request: _Request, ladder: FromPath[str]) -> Response[str]:
    """The ladder's form."""
    return await _page(request, await draft_of(request), ladder)


@post(_ADDRESS, opt=WRITE, include_in_schema=False)
async def change(request: _Request, ladder: FromPath[str]) -> Response[Any]:
    """Keeps it as it is typed. The ladder's tiers are other forms': only its own fields are changed."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    part = draft.part("ladders", n)
    part["names"] = names_of(form)
    part["visibility"] = form.get("visibility")
    part["policy"] = policy_of(form)
    path = ("ladders", n)
    try:
        await change_draft(draft.language, path, part, form.get("seen", ""))
    except DomainError as error:
        if error.code != "draft-changed":
            raise
        return await _page(request, (await draft_of(request)).showing(path, part), ladder, error)
    return see_other(f"{_ADDRESS.replace('{ladder:str}', ladder)}?done=saved")


def policy_of(form: Mapping[str, str]) -> Json:
    """The policy as the document has it, whatever was typed."""
    schedule: Json = {"type": form.get("schedule")}
    if form.get("schedule") == "yearly":
        schedule |= {"month": _number(form.get("month") or "1"), "day": _number(form.get("day") or "1")}
    validity: Json = {"type": form.get("validity")}
    if form.get("validity") == "months":
        validity["months"] = _number(form.get("months") or "12")
    return {
        "upgrade": form.get("upgrade"),
        "schedule": schedule,
        "validity": validity,
        "grace_days": _number(form.get("grace_days") or "0"),
        "max_drop": whole(form.get("max_drop")),
        "late_days": _number(form.get("late_days") or "0"),
        "refund_recheck": form.get("refund_recheck"),
    }


def _number(text: str | None) -> int | str:
    value = whole(text)
    return "" if value is None else value


async def _page(request: _Request, draft: Draft, ladder: str, problem: DomainError | None = None) -> Response[str]:
    n = ladder_at(draft.document, ladder)
    data = draft.document["ladders"][n]
    context = {
        "ladder": ladder,
        "ladder_name": name_of(draft, data),
        "main": n == 0,
        "alone": len(draft.document["ladders"]) == 1,
        "form": filled(data),
        "wrong": _wrong(draft.wrong("ladders", n)),
        "seen": draft.seen("ladders", n),
        "all_seen": draft.seen("ladders"),
        "upgrades": UPGRADES,
        "schedules": SCHEDULES,
        "validities": VALIDITIES,
        "visibilities": list(VISIBILITIES.items()),
        "rechecks": list(RECHECKS.items()),
    }
    return await section(request, "programme_pages/policy.html", HOME, context, draft=draft, problem=problem)


def filled(data: Json) -> dict[str, str]:
    """A ladder as the form's fields."""
    policy, names = data.get("policy") or {}, data.get("names") or {}
    schedule, validity = policy.get("schedule") or {}, policy.get("validity") or {}
    return {
        "zh": shown(names.get("zh-CN")),
        "en": shown(names.get("en")),
        "visibility": shown(data.get("visibility", "members")),
        "upgrade": shown(policy.get("upgrade")),
        "schedule": shown(schedule.get("type")),
        "month": shown(schedule.get("month")),
        "day": shown(schedule.get("day")),
        "validity": shown(validity.get("type")),
        "months": shown(validity.get("months")),
        **{name: shown(policy.get(name)) for name in ("grace_days", "max_drop", "late_days", "refund_recheck")},
    }


_FIELDS: Final = {
    "names/zh-CN": "zh",
    "names/en": "en",
    "policy/schedule/month": "month",
    "policy/schedule/day": "day",
    "policy/schedule/type": "schedule",
    "policy/validity/months": "months",
    "policy/validity/type": "validity",
}


def _wrong(faults: Mapping[str, str]) -> dict[str, str]:
    """By the form's fields."""
    own = {place: text for place, text in faults.items() if not place.startswith("tiers/")}
    return {_FIELDS.get(place, place.removeprefix("policy/")): text for place, text in own.items()}


# --- the order of ladders, and how one goes -------------------------------------------------------


@post(f"{_ADDRESS}/first", opt=WRITE, include_in_schema=False)
async def make_main(request: _Request, ladder: FromPath[str]) -> Response[Any]:
    """The main ladder is the first one: its tier is shown where there is room for one."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    ladders = draft.part("ladders")
    ladders.insert(0, ladders.pop(ladder_at(draft.document, ladder)))
    return await _put_all(request, draft, ladder, ladders, form)


@post(f"{_ADDRESS}/drop", opt=WRITE, include_in_schema=False)
async def drop(request: _Request, ladder: FromPath[str]) -> Response[Any]:
    """Takes the ladder out of the draft; what members hold of it stays as history."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    ladders = draft.part("ladders")
    if len(ladders) == 1:
        raise DomainError("not-found")
    del ladders[ladder_at(draft.document, ladder)]
    holders = {code: said for code, said in draft.kept.holders.items() if code != ladder}
    if draft.present.ladder(ladder) is not None:
        holders[ladder] = None
    return await _put_all(request, draft, ladder, ladders, form, holders)


async def _put_all(
    request: _Request,
    draft: Draft,
    ladder: str,
    ladders: list[Json],
    form: Mapping[str, str],
    holders: Holders | None = None,
) -> Response[Any]:
    path: Loc = ("ladders",)
    try:
        await change_draft(draft.language, path, ladders, form.get("seen", ""), holders=holders)
    except DomainError as error:
        if error.code != "draft-changed":
            raise
        return await _page(request, await draft_of(request), ladder, error)
    return see_other(f"{HOME}?done=saved")


HANDLERS = [show, change, make_main, drop]

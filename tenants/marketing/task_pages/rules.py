"""`/tasks/rules`: whom the branches call, and how often."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import mark, require_as_seen
from saas.i18n import Tongue
from saas.once import once
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from tenants.frame import Frame, frame
from tenants.marketing.segment_names import segment_choices
from tenants.marketing.task_pages.listing import HOME
from tenants.marketing.task_pages.words import for_whom, rhythm
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told, Typed
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.tasks.bodies import DUE_DAYS, NewRule, RuleChange
from tenants.tasks.rule import change_rule, end_rule, make_rule, rule, rules, shown

RULES: Final = f"{HOME}/rules"
_ONE: Final = f"{RULES}/{{rule_id:uuid}}"
_SHOWN: Final = 50
_FIELDS: Final = ("code", "names_zh-CN", "names_en", "tiers", "segment", "every_days", "every_months", "due_days")
_KINDS: Final = ("days", "months", "campaign")


@get(RULES, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """Those in force, or those that have ended (`state=ended`)."""
    speaks, around, programme = speaks_of(request), await frame(), await current_programme()
    ended, cursor = request.query_params.get("state") == "ended", request.query_params.get("cursor")
    (after,) = decode_cursor(cursor, UUID) or (None,)
    rows = await rules(after, _SHOWN + 1, ended=ended)
    segments = dict(await segment_choices(speaks))
    here = f"{RULES}?state=ended" if ended else RULES
    more = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    context = {
        "lines": [
            {
                **shown(row),
                "name": named(row["names"], speaks),
                "whom": for_whom(shown(row), programme, segments, speaks),
                "rhythm": rhythm(row["every"], speaks),
            }
            for row in rows[:_SHOWN]
        ],
        "ended": ended,
        "views": [
            (RULES, speaks.say("In force"), not ended),
            (f"{RULES}?state=ended", speaks.say("Ended"), ended),
        ],
        "first": here if cursor else None,
        "following": f"{RULES}?cursor={more}{'&state=ended' if ended else ''}" if more else None,
    }
    return await answer(request, "task_pages/rules.html", context, around=around)


@get(f"{RULES}/new", opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    main = (await current_programme()).main.code
    start = {"whom": f"ladder:{main}", "every_type": "months", "every_months": "1", "due_days": str(DUE_DAYS)}
    return await _form(request, await frame(), start, [])


@post(f"{RULES}/new", opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """Its first list is made at once, by a job; sent twice, the form is one rule."""
    form, lists, around = await form_of(request, ("tiers",))

    async def make() -> str:
        await make_rule(_new(typed(form, around), lists["tiers"]))
        return f"{RULES}?done=made"

    try:
        return see_other(await once(request, make))
    except DomainError as error:
        return await _form(request, around, form, lists["tiers"], refused(request, error, around, _FIELDS))


@get(_ONE, opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, rule_id: FromPath[UUID]) -> Answer:
    kept = shown(await rule(rule_id))
    return await _form(request, await frame(), _filled(kept), [], kept=kept)


@post(_ONE, opt=DEFINE, include_in_schema=False)
async def change(request: Asked, rule_id: FromPath[UUID]) -> Answer:
    """Names and rhythm; for whom it is stays."""
    form, _, around = await form_of(request)
    kept = shown(await rule(rule_id))
    try:
        require_as_seen(form, _filled(kept))
        await change_rule(rule_id, _changed(typed(form, around)))
    except DomainError as error:
        return await _form(request, around, form, [], refused(request, error, around, _FIELDS), kept=kept)
    return see_other(f"{RULES}?done=changed")


@get(f"{_ONE}/end", opt=DEFINE, include_in_schema=False)
async def ask(request: Asked, rule_id: FromPath[UUID]) -> Answer:
    """What ending means, before it is done."""
    kept = shown(await rule(rule_id))
    context = {"rule": kept, "title": named(kept["names"], speaks_of(request))}
    return await answer(request, "task_pages/rule_end.html", context, around=await frame())


@post(f"{_ONE}/end", opt=DEFINE, include_in_schema=False)
async def end(rule_id: FromPath[UUID]) -> Answer:
    await end_rule(rule_id)
    return see_other(f"{RULES}?done=ended")


def _new(asked: Typed, tiers: list[str]) -> NewRule:
    names = asked.names()
    values: dict[str, Any] = {
        "code": asked.plain("code") or code_of(names.get("en") or "", "call"),
        "names": names,
        **_rhythm(asked),
    }
    whom, _, ladder = (asked.text("whom") or "").partition(":")
    if whom == "segment":
        values["segment"] = asked.text("segment")
        if not values["segment"]:
            asked.missing("segment")
    else:
        values["ladder"] = ladder or None
        values["tiers"] = [tier for of, _, tier in (one.partition(":") for one in tiers) if of == ladder]
        if not values["tiers"]:
            asked.missing("tiers")
    return asked.body(NewRule, values)


def _changed(asked: Typed) -> RuleChange:
    return asked.body(RuleChange, {"names": asked.names(), **_rhythm(asked)})


def _rhythm(asked: Typed) -> dict[str, Any]:
    kind = asked.text("every_type")
    every: dict[str, Any] = {"type": kind if kind in _KINDS else "months"}
    if every["type"] != "campaign":
        name = f"every_{every['type']}"
        every[every["type"]] = asked.whole(name)
        if every[every["type"]] is None:
            asked.missing(name)
    due = asked.whole("due_days")
    if due is None:
        asked.missing("due_days")
    return {"every": every, "due_days": due, "visit_settles": asked.yes("visit_settles")}


def _filled(kept: Mapping[str, Any]) -> dict[str, str]:
    every = kept["every"]
    return {
        "names_zh-CN": kept["names"].get("zh-CN", ""),
        "names_en": kept["names"].get("en", ""),
        "every_type": every["type"],
        "every_days": str(every.get("days", "")),
        "every_months": str(every.get("months", "")),
        "due_days": str(kept["due_days"]),
        "visit_settles": "yes" if kept["visit_settles"] else "",
    }


async def _form(
    request: Asked,
    around: Frame,
    form: Mapping[str, str],
    tiers: list[str],
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Answer:
    speaks, programme = speaks_of(request), await current_programme()
    segments = await segment_choices(speaks)
    context = {
        "form": form,
        "rule": kept,
        "seen": mark(_filled(kept)) if kept else "",
        "title": named(kept["names"], speaks) if kept else "",
        "whom": for_whom(kept, programme, dict(segments), speaks) if kept else "",
        "chosen": tiers,
        "ladders": _ladders(speaks, programme),
        "segments": [("", "—"), *segments],
    }
    return await answer(request, "task_pages/rule.html", context, problem, around=around)


def _ladders(speaks: Tongue, programme: Programme) -> list[dict[str, Any]]:
    """Ladders with their tiers, the highest first."""
    several = len(programme.ladders) > 1
    return [
        {
            "code": ladder.code,
            "label": speaks.say("Tiers of %(ladder)s", ladder=ladder.names.get(speaks.language))
            if several
            else speaks.say("These tiers"),
            "tiers": [
                (f"{ladder.code}:{tier.code}", tier.names.get(speaks.language)) for tier in reversed(ladder.tiers)
            ],
        }
        for ladder in programme.ladders
    ]


HANDLERS = [show, new, create, edit, change, ask, end]

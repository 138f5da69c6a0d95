"""`/messages/texts`: what campaigns say, in both languages, with what is filled in for each member."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from saas.errors import LANGUAGES, DomainError
from saas.i18n import Tongue
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from tenants.campaigns.campaign import mark_of
from tenants.campaigns.looking import campaigns_sending
from tenants.campaigns.message_texts import delete_text, list_texts, make_text, message_of, put_text, read_text
from tenants.campaigns.texts import Message
from tenants.frame import Frame, frame
from tenants.marketing.message_pages.log import HOME
from tenants.marketing.message_pages.sample import MEANINGS, samples
from tenants.marketing.message_pages.words import CHANNELS, KINDS
from tenants.messages.sending import SENDABLE
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told, Typed, act_of, new_act

TEXTS: Final = f"{HOME}/texts"
_ONE: Final = f"{TEXTS}/{{code:str}}"
_SHOWN: Final = 50
_FIELDS: Final = ("code", "names_zh-CN", "names_en", "purpose", "channels", "texts_zh-CN", "texts_en", "texts")
_EMPTY: Final = {"purpose": "marketing"}
_WAYS_OUT: Final = ("退订", "拒收", "TD", "unsubscribe", "STOP")


@get(TEXTS, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """By code, each with the campaigns that send it."""
    speaks, cursor = speaks_of(request), request.query_params.get("cursor")
    (after,) = decode_cursor(cursor, str) or (None,)
    found = await list_texts(after, _SHOWN + 1)
    shown = found[:_SHOWN]
    sending = await campaigns_sending([one["code"] for one in shown])
    more = encode_cursor(shown[-1]["code"]) if len(found) > _SHOWN else None
    context = {
        "lines": [_line(one, sending[one["code"]], speaks) for one in shown],
        "first": TEXTS if cursor else None,
        "following": f"{TEXTS}?cursor={more}" if more else None,
    }
    return await answer(request, "message_pages/texts.html", context, around=await frame())


def _line(kept: Mapping[str, Any], sending: Sequence[Mapping[str, Any]], speaks: Tongue) -> dict[str, Any]:
    purpose = kept["purpose"]
    return {
        "code": kept["code"],
        "name": named(kept["names"], speaks),
        "kind": speaks.say(KINDS[purpose]),
        "tone": "tone-4" if purpose == "marketing" else "tone-0",
        "channels": speaks.say(", ").join(speaks.say(CHANNELS[each]) for each in kept["channels"]),
        "text": named(kept["texts"], speaks),
        "campaigns": [(each["id"], named(each["names"], speaks)) for each in sending],
    }


@get(f"{TEXTS}/new", opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    return await _form(request, await frame(), {**_EMPTY, "act_id": new_act()}, [*SENDABLE])


@post(f"{TEXTS}/new", opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """Sent twice, the second finds what the first has made."""
    form, lists, around = await form_of(request, ("channels",))
    if form.get("act") != "save":
        return await _form(request, around, form, lists["channels"])
    try:
        names = typed(form, around).names()
        own = act_of({"act": form.get("act_id", "")}).hex[-6:]
        code = typed(form, around).plain("code") or code_of(names.get("en") or "", "text", own)
        message = _message(typed(form, around), lists["channels"], code)
        if await message_of(code) != message:
            await make_text(message)
    except DomainError as error:
        problem = refused(request, _placed(error), around, _FIELDS)
        return await _form(request, around, form, lists["channels"], problem)
    return _leads_on(request, f"{TEXTS}?done=made")


@get(f"{_ONE}/edit", opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, code: FromPath[str]) -> Answer:
    kept, around = await read_text(code), await frame()
    return await _form(request, around, _filled(kept), kept["channels"], kept=kept)


@post(f"{_ONE}/edit", opt=DEFINE, include_in_schema=False)
async def change(request: Asked, code: FromPath[str]) -> Answer:
    """What is sent from now on says it, also by campaigns that run."""
    form, lists, around = await form_of(request, ("channels",))
    kept = await read_text(code)
    if form.get("act") != "save":
        return await _form(request, around, form, lists["channels"], kept=kept)
    try:
        await put_text(_message(typed(form, around), lists["channels"], code), form.get("seen", ""))
    except DomainError as error:
        problem = refused(request, _placed(error), around, _FIELDS)
        if error.code == "changed-meanwhile":  # who has been told of it may save over it
            form["seen"] = _mark(kept)
        return await _form(request, around, form, lists["channels"], problem, kept=kept)
    return _leads_on(request, f"{TEXTS}?done=changed")


@get(f"{_ONE}/delete", opt=DEFINE, include_in_schema=False)
async def ask(request: Asked, code: FromPath[str]) -> Answer:
    """Whether nothing sends it, before it goes."""
    return await _ask(request, await frame(), code)


@post(f"{_ONE}/delete", opt=DEFINE, include_in_schema=False)
async def remove(request: Asked, code: FromPath[str]) -> Answer:
    around = await frame()
    try:
        await delete_text(code)
    except DomainError as error:
        return await _ask(request, around, code, refused(request, error, around))
    return see_other(f"{TEXTS}?done=deleted")


async def _ask(request: Asked, around: Frame, code: str, problem: Told | None = None) -> Answer:
    kept, speaks = await read_text(code), speaks_of(request)
    sending = (await campaigns_sending([code]))[code]
    context = {
        "text": kept,
        "title": named(kept["names"], speaks),
        "campaigns": [(one["id"], named(one["names"], speaks)) for one in sending],
    }
    return await answer(request, "message_pages/delete.html", context, problem, around=around)


def _leads_on(request: Asked, target: str) -> Answer:
    if request.headers.get("hx-request"):
        return Response(b"", status_code=204, headers={"HX-Redirect": target})
    return see_other(target)


def _message(asked: Typed, channels: list[str], code: str) -> Message:
    """Who writes one language means it for both, as with names."""
    texts = {language: asked.text(f"texts_{language}") for language in LANGUAGES}
    either = next((text for text in texts.values() if text), None)
    if either is None:
        asked.missing(f"texts_{LANGUAGES[0]}")
    values: dict[str, Any] = {
        "code": code,
        "names": asked.names(),
        "purpose": asked.text("purpose"),
        "channels": channels,
        "texts": {language: text or either for language, text in texts.items()},
    }
    return asked.body(Message, values)


def _placed(error: DomainError) -> DomainError:
    """What is wrong with the text as a whole stands beside the texts."""
    error.errors = tuple(replace(one, pointer=one.pointer or "/texts") for one in error.errors)
    return error


def _filled(kept: Mapping[str, Any]) -> dict[str, str]:
    form = {"purpose": kept["purpose"], "seen": _mark(kept)}
    for part in ("names", "texts"):
        form |= {f"{part}_{language}": kept[part].get(language, "") for language in LANGUAGES}
    return form


def _mark(kept: Mapping[str, Any]) -> str:
    return mark_of({name: value for name, value in kept.items() if name not in {"source", "changed_at"}})


async def _form(
    request: Asked,
    around: Frame,
    form: Mapping[str, str],
    channels: Collection[str],
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Answer:
    speaks = speaks_of(request)
    texts = {language: form.get(f"texts_{language}", "").strip() for language in LANGUAGES}
    said = " ".join(texts.values())
    offered = [*SENDABLE, *(one for one in (kept["channels"] if kept else ()) if one not in SENDABLE)]
    sending = (await campaigns_sending([kept["code"]]))[kept["code"]] if kept else []
    context = {
        "form": form,
        "text": kept,
        "title": named(kept["names"], speaks) if kept else "",
        "chosen": channels,
        "channels": [(code, speaks.say(CHANNELS[code])) for code in offered],
        "kinds": [(code, speaks.say(name)) for code, name in KINDS.items()],
        "fills": [("{" + name + "}", speaks.say(meaning)) for name, meaning in MEANINGS.items()],
        "samples": await samples(texts),
        "by_sms": "sms" in channels,
        "no_way_out": form.get("purpose") == "marketing"
        and "sms" in channels
        and bool(said.strip())
        and not any(word in said for word in _WAYS_OUT),
        "campaigns": [(one["id"], named(one["names"], speaks), one["state"]) for one in sending],
    }
    return await answer(request, "message_pages/text.html", context, problem, around=around)


HANDLERS = [show, new, create, edit, change, ask, remove]

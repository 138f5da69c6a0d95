"""All pages about segments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import mark, require_as_seen
from saas.once import once
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from saas.validation import Body, parse_body
from saas.wording import field_message
from tenants.frame import Frame, frame
from tenants.marketing.segment_pages.choices import asked_of, context_of
from tenants.marketing.segment_pages.words import segment_text
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told, Typed
from tenants.programme.compared import glossary
from tenants.programme.document import Programme
from tenants.programme.strict import Code, Names
from tenants.programme.versions import current_programme
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.tree import Group, Line, act_on, of_document, of_form, to_document
from tenants.segments.conditions import AnySegmentCondition, SegmentCondition, parse_segment_condition
from tenants.segments.segment import change_segment, delete_segment, make_segment, segment, segments
from tenants.segments.selecting import Counted, segment_of
from tenants.segments.usable import faults_of

HOME: Final = "/segments"
ONE: Final = f"{HOME}/{{segment_id:uuid}}"
_NAME: Final = "condition"
_PATIENCE: Final = 2.0
"""Seconds of counting for a page; what is found by then is said to be the least."""
_SHOWN: Final = 50
_FIELDS: Final = ("code", "names_zh-CN", "names_en")
_BEGIN: Final = {"metric": "days_since_purchase", "gte": 60}


class _New(Body):
    code: Code
    names: Names


class _Names(Body):
    names: Names


class _Condition(Body):
    condition: SegmentCondition


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition as it was typed: what it is, or what is wrong with it by place."""

    condition: AnySegmentCondition | None
    wrong: dict[str, str]


@get(HOME, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """The chain's segments in words, the oldest first."""
    speaks, around, cursor = speaks_of(request), await frame(), request.query_params.get("cursor")
    (after,) = decode_cursor(cursor, UUID) or (None,)
    found, rules = await segments(after, _SHOWN + 1), await current_programme()
    asked, teller = await asked_of(rules, speaks), await _teller(request, rules)
    more = encode_cursor(found[_SHOWN - 1]["id"]) if len(found) > _SHOWN else None
    context = {
        "lines": [
            {
                **one,
                "name": named(one["names"], speaks),
                "words": segment_text(parse_segment_condition(one["condition"]), asked, teller),
            }
            for one in found[:_SHOWN]
        ],
        "first": HOME if cursor else None,
        "following": f"{HOME}?cursor={more}" if more else None,
    }
    return await answer(request, "segment_pages/segments.html", context, around=around)


@get(ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, segment_id: FromPath[UUID]) -> Answer:
    """What it asks for, and how many members it selects now."""
    speaks, around, kept, rules = (
        speaks_of(request),
        await frame(),
        await segment(segment_id),
        await current_programme(),
    )
    condition = parse_segment_condition(kept["condition"])
    counted, problem = None, None
    try:
        counted = await _count(condition)
    except DomainError as error:
        problem = refused(request, error, around)
    context = {
        "segment": kept,
        "title": named(kept["names"], speaks),
        "words": segment_text(condition, await asked_of(rules, speaks), await _teller(request, rules)),
        "counted": counted,
    }
    return await answer(request, "segment_pages/segment.html", context, problem, around=around)


@get(f"{HOME}/new", opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    """Begins with who hasn't come for two months: what most segments are about."""
    around = await frame()
    return await _form(request, around, {}, of_document(_BEGIN, around.currency))


@post(f"{HOME}/new", opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    return await _sent(request, None)


@get(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, segment_id: FromPath[UUID]) -> Answer:
    kept, around = await segment(segment_id), await frame()
    form = {"names_zh-CN": kept["names"].get("zh-CN", ""), "names_en": kept["names"].get("en", "")}
    return await _form(request, around, form, of_document(kept["condition"], around.currency), kept=kept)


@post(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def change(request: Asked, segment_id: FromPath[UUID]) -> Answer:
    return await _sent(request, await segment(segment_id))


@get(f"{ONE}/delete", opt=DEFINE, include_in_schema=False)
async def ask(request: Asked, segment_id: FromPath[UUID]) -> Answer:
    """What goes with it, before it goes."""
    kept = await segment(segment_id)
    context = {"segment": kept, "title": named(kept["names"], speaks_of(request))}
    return await answer(request, "segment_pages/delete.html", context, around=await frame())


@post(f"{ONE}/delete", opt=DEFINE, include_in_schema=False)
async def remove(segment_id: FromPath[UUID]) -> Answer:
    await delete_segment(segment_id)
    return see_other(f"{HOME}?done=deleted")


async def _sent(request: Asked, kept: Mapping[str, Any] | None) -> Answer:
    """Does what the pressed button says (`act`): changes the sentences, counts, or saves."""
    form, _, around = await form_of(request)
    tree = of_form(form, _NAME)
    act, _, at = form.get("act", "").partition(":")
    if act != "save":
        act_on(tree, act, at.partition(".")[2])
        return await _form(request, around, form, tree, kept=kept)
    judged = await _judged(request, tree, around)
    try:
        code, names = _named(typed(form, around), kept)
        condition = judged.condition
        if condition is None:
            return await _form(request, around, form, tree, kept=kept, refusal=True)

        async def make() -> str:
            made = await make_segment(code, names, condition)
            return f"{HOME}/{made['id']}?done=made"

        if kept is None:
            target = await once(request, make)
        else:
            require_as_seen(form, _typed_of(kept))
            changed = await change_segment(kept["id"], names, condition)
            target = f"{HOME}/{changed['id']}?done=changed"
    except DomainError as error:
        problem = refused(request, error, around, _FIELDS)
        return await _form(request, around, form, tree, problem, kept=kept)
    if request.headers.get("hx-request"):
        return Response(b"", status_code=204, headers={"HX-Redirect": target})
    return see_other(target)


def _named(asked: Typed, kept: Mapping[str, Any] | None) -> tuple[str, Names]:
    names = asked.names()
    if kept is not None:
        return kept["code"], asked.body(_Names, {"names": names}).names
    body = asked.body(_New, {"names": names, "code": asked.plain("code") or code_of(names.get("en") or "", "segment")})
    return body.code, body.names


async def _judged(request: Asked, tree: Group, around: Frame) -> Judged:
    data = {"condition": to_document(tree, around.currency)}
    try:
        condition = parse_body(_Condition, msgspec.json.encode(data)).condition
    except DomainError as error:
        if error.code != "validation-failed":
            raise
        return Judged(None, _told(request, error, around))
    faults = await faults_of(condition, await current_programme())
    if faults:
        return Judged(None, _told(request, DomainError("validation-failed", errors=faults), around))
    return Judged(condition, {})


def _told(request: Asked, error: DomainError, around: Frame) -> dict[str, str]:
    error.in_currency(around.currency)
    language = speaks_of(request).language
    return {fault.pointer.lstrip("/"): field_message(fault, language) for fault in error.errors}


async def _form(
    request: Asked,
    around: Frame,
    form: Mapping[str, str],
    tree: Group,
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
    refusal: bool = False,
) -> Answer:
    speaks, rules = speaks_of(request), await current_programme()
    _on_main(tree, rules)
    asked, judged = await asked_of(rules, speaks), await _judged(request, tree, around)
    counted = None
    if judged.condition is not None and problem is None:
        try:
            counted = await _count(judged.condition)
        except DomainError as error:
            problem = refused(request, error, around, _FIELDS)
    if refusal and problem is None:
        problem = refused(request, DomainError("validation-failed"), around, _FIELDS)
    context = {
        "form": form,
        "segment": kept,
        "seen": _seen(form, kept, problem),
        "title": named(kept["names"], speaks) if kept else "",
        "tree": tree,
        "counted": counted,
        "words": segment_text(judged.condition, asked, await _teller(request, rules)) if judged.condition else "",
        **context_of(asked, rules, speaks),
    }
    context["wrong"] = {**judged.wrong, **(problem.fields if problem else {})}
    return await answer(request, "segment_pages/form.html", context, problem, around=around)


def _typed_of(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kept[name] for name in ("names", "condition")}


def _seen(form: Mapping[str, str], kept: Mapping[str, Any] | None, problem: Told | None) -> str:
    """What the builder began with, however often it was sent to count; what is there now, once that was said."""
    if kept is None:
        return ""
    said = problem is not None and problem.code == "changed-meanwhile"
    return mark(_typed_of(kept)) if said else form.get("seen", mark(_typed_of(kept)))


def _on_main(node: Group | Line, rules: Programme) -> None:
    """A property of the main ladder is called without it, as the choice has it."""
    if isinstance(node, Group):
        for part in node.parts:
            _on_main(part, rules)
    elif node.metric.startswith("@"):
        node.metric = node.metric.removesuffix(f":{rules.main.code}")


async def _count(condition: AnySegmentCondition) -> Counted:
    return await (await segment_of(condition, patience=_PATIENCE)).count()


async def _teller(request: Asked, rules: Programme) -> Teller:
    return Teller(speaks_of(request).language, rules.currency, await glossary())


HANDLERS = [show, one, new, create, edit, change, ask, remove]

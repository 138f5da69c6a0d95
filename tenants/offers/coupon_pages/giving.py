"""Giving a coupon: who is meant is looked up and shown before anything is given."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.pages import render_page, see_other
from tenants.coupons.bodies import GrantBody
from tenants.coupons.coupon import coupon, shown
from tenants.coupons.granting import grant_to_members, grant_to_segment
from tenants.frame import Frame
from tenants.jobs.job import read_job
from tenants.offers.asking import GIVE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.editing import ONE
from tenants.offers.coupon_pages.one import coupon_page
from tenants.offers.coupon_pages.words import Words, named
from tenants.offers.typed import Typed, act_of, new_act
from tenants.offers.whom import MOST, meant
from tenants.segments.segment import condition_named, segments
from tenants.segments.selecting import segment_of

_GIVE: Final = f"{ONE}/give"
_FIELDS: Final = ("who", "segment", "reason", "member_ids")
_SEGMENTS: Final = 200


@get(_GIVE, opt=GIVE, include_in_schema=False)
async def ask(coupon_id: FromPath[UUID]) -> Answer:
    """Who is meant is sent, not asked for: back to the form."""
    await coupon(coupon_id)
    return see_other(f"/coupons/{coupon_id}#give")


@post(_GIVE, opt=GIVE, status_code=200, include_in_schema=False)
async def look(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """Shows whom it would go to: those of the lines, or everybody in a segment."""
    form, _, around = await form_of(request)
    try:
        return await _confirmation(request, around, coupon_id, typed(form, around), form)
    except DomainError as error:
        return await coupon_page(request, around, coupon_id, refused(request, error, around, _FIELDS), form)


@post(f"{_GIVE}/members", opt=GIVE, include_in_schema=False)
async def give_members(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """Gives it to those who were ticked, once however often it is sent."""
    form, lists, around = await form_of(request, ("member_ids",))
    try:
        asked = typed(form, around)
        if not lists["member_ids"]:
            asked.missing("who")
        wanted = {"member_ids": lists["member_ids"] or None, "reason": asked.text("reason")}
        body = asked.body(GrantBody, {name: value for name, value in wanted.items() if value is not None})
        members = body.member_ids or []
        at = [f"/member_ids/{n}" for n in range(len(members))]
        given = await grant_to_members(coupon_id, members, at, body.reason, act_of(form))
    except DomainError as error:
        return await coupon_page(request, around, coupon_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"/coupons/{coupon_id}?done=given&n={len(given)}")


@post(f"{_GIVE}/segment", opt=GIVE, include_in_schema=False)
async def give_segment(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """Begins to give it to everybody in the segment; the coupon's page follows the job."""
    form, _, around = await form_of(request)
    try:
        asked = typed(form, around)
        wanted = {"segment": asked.text("segment"), "reason": asked.text("reason")}
        body = asked.body(GrantBody, {name: value for name, value in wanted.items() if value is not None})
        job_id = await grant_to_segment(coupon_id, body.segment or "", body.reason, act_of(form))
    except DomainError as error:
        return await coupon_page(request, around, coupon_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"/coupons/{coupon_id}?job={job_id}")


@get(f"{ONE}/jobs/{{job_id:uuid}}", opt=READ, include_in_schema=False)
async def progress(request: Asked, coupon_id: FromPath[UUID], job_id: FromPath[UUID]) -> Answer:
    """How far the giving is: a part of the page that asks for itself again until it is through."""
    job = await read_job(job_id, speaks_of(request).language)
    if job["kind"] != "coupon_grant":
        raise DomainError("not-found")
    context = {"coupon_id": coupon_id, "job": job, "counts": job["counts"] or {}}
    return render_page(request, "coupon_pages/_job.html", context)


async def _confirmation(request: Asked, around: Frame, coupon_id: UUID, asked: Typed, form: dict[str, str]) -> Answer:
    kept, speaks = shown(await coupon(coupon_id)), speaks_of(request)
    context: dict[str, Any] = {
        "coupon": kept,
        "title": named(kept["names"], speaks),
        "value": Words(speaks, around.currency).value(kept),
        "form": form,
        "act": new_act(),
        "segment": None,
        "meant": [],
    }
    if asked.text("segment") and not asked.text("who"):
        context["segment"] = await _segment(asked.text("segment") or "", request)
    else:
        lines = asked.listed("who")
        if not lines:
            raise DomainError("validation-failed", errors=[FieldError("/who", "required")])
        if len(lines) > MOST:
            raise DomainError("validation-failed", errors=[FieldError("/who", "too-many", {"max": MOST})])
        found = await meant(lines, speaks)
        context["meant"] = found
        context["sure"] = sum(one.sure for one in found)
    return await answer(request, "coupon_pages/give.html", context, around=around)


async def _segment(code: str, request: Asked) -> dict[str, Any]:
    condition = await condition_named(code)
    if condition is None:
        raise DomainError("validation-failed", errors=[FieldError("/segment", "unknown-segment")])
    counted = await (await segment_of(condition)).count()
    known = {one["code"]: named(one["names"], speaks_of(request)) for one in await segments(None, _SEGMENTS)}
    return {"code": code, "name": known.get(code, code), "count": counted.count, "complete": counted.complete}


HANDLERS = [ask, look, give_members, give_segment, progress]

"""Recording a sale: by a form, once, however often it is sent; from a till that was cut off, hours later."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from saas.cookies import lasting_cookie
from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.pages import render_page, see_other
from tenants.counter.acting import READ, WRITE, AnyRequest, Form, scope_of, written
from tenants.counter.basket import basket_of, recorded_before, tender_of
from tenants.counter.desk import TENDER_COOKIE, desk_context
from tenants.counter.finding import member_typed
from tenants.counter.home import HOME
from tenants.counter.place import branch_meant
from tenants.frame import frame
from tenants.purchases.record import record_purchase


@get(f"{HOME}/guest", opt=READ, include_in_schema=False)
async def guest(request: AnyRequest) -> Response[Any]:
    """A sale to who is no member (散客)."""
    given = {name: request.query_params[name] for name in ("amount", "coupon") if name in request.query_params}
    context = await desk_context(request, None, "sale", form=given)
    return render_page(request, "counter/desk.html", context)


@post(f"{HOME}/sale", opt=WRITE, include_in_schema=False)
async def sell(request: AnyRequest) -> Response[Any]:
    """Records the sale and goes back to the search, with what came of it. A till that sends what it kept gets JSON."""
    form = await texts_of(request)
    try:
        made = await written(request, lambda: _record(request, form))
    except DomainError as error:
        meanwhile = await _sent_twice(request, form)
        if meanwhile is None and _wants_json(request):
            raise
        if meanwhile is None:
            return await _again(request, form, told(request, error))
        made = meanwhile
    if _wants_json(request):
        return Response({"entry": f"purchase:{made}", "href": f"{HOME}?entry=purchase:{made}"}, status_code=200)
    kept = lasting_cookie(TENDER_COOKIE, tender_of(form), HOME)
    return see_other(f"{HOME}?entry=purchase:{made}", cookies=[kept])


def _wants_json(request: AnyRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


async def _sent_twice(request: AnyRequest, form: Form) -> UUID | None:
    """The sale of this very form where its other sending was recorded while this one was reckoned: then its coupon is
    used, its code spent, its price another one, and none of that is the clerk's concern.
    """
    async with scope_of(request):
        try:
            branch_id, currency = await branch_meant(request, form), (await frame()).currency
            return await recorded_before(form, branch_id, currency, form.get("number", "").strip())
        except DomainError:
            return None


async def _record(request: AnyRequest, form: Form) -> UUID:
    number, tender = form.get("number", "").strip(), tender_of(form)
    branch_id, currency = await branch_meant(request, form), (await frame()).currency
    known = await recorded_before(form, branch_id, currency, number)
    if known is not None:
        return known
    if form.get("who", "").strip():
        form = {**form, "member_id": str(await member_typed(form["who"]))}
    basket = await basket_of(form, branch_id, currency)
    made = await record_purchase(basket.purchase(number, tender))
    return made.id


async def _again(request: AnyRequest, form: Form, problem: Told) -> Response[Any]:
    """The same desk with what was typed, and what is wrong beside it."""
    async with scope_of(request):
        member_id = form.get("member_id", "")
        context = await desk_context(request, _uuid(member_id), "sale", form=form, problem=problem)
    return render_page(request, "counter/desk.html", context, status=problem.status)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise DomainError("not-found") from None


HANDLERS = [guest, sell]

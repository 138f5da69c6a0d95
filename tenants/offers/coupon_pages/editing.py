"""A coupon is defined, changed, ended and taken up again."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import mark, require_as_seen
from saas.once import once
from saas.pages import see_other
from tenants.coupons.bodies import CouponChange
from tenants.coupons.coupon import change_coupon, coupon, make_coupon, shown
from tenants.frame import Frame, frame
from tenants.offers.asking import DEFINE, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import EMPTY, FIELDS, changed_coupon, filled, new_coupon
from tenants.offers.coupon_pages.words import named
from tenants.offers.places import branches_to_choose
from tenants.offers.typed import Told

ONE: Final = "/coupons/{coupon_id:uuid}"
_NEW: Final = "/coupons/new"
_EDIT: Final = f"{ONE}/edit"


@get(_NEW, opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    return await _form(request, await frame(), EMPTY, [])


@post(_NEW, opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """Made once however often it is sent, and shown."""
    form, lists, around = await form_of(request, ("branches",))

    async def make() -> str:
        made = await make_coupon(new_coupon(typed(form, around), lists["branches"]))
        return f"/coupons/{made['id']}?done=made"

    try:
        return see_other(await once(request, make))
    except DomainError as error:
        return await _form(request, around, form, lists["branches"], refused(request, error, around, FIELDS))


@get(_EDIT, opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    kept, around = shown(await coupon(coupon_id)), await frame()
    return await _form(request, around, filled(kept, around.currency), kept["branches"], kept=kept)


@post(_EDIT, opt=DEFINE, include_in_schema=False)
async def change(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """Those given before keep their terms and days."""
    form, lists, around = await form_of(request, ("branches",))
    kept = shown(await coupon(coupon_id))
    try:
        require_as_seen(form, _typed_of(kept))
        await change_coupon(coupon_id, changed_coupon(typed(form, around), lists["branches"], kept))
    except DomainError as error:
        problem = refused(request, error, around, FIELDS)
        return await _form(request, around, form, lists["branches"], problem, kept=kept)
    return see_other(f"/coupons/{coupon_id}?done=changed")


@post(f"{ONE}/end", opt=DEFINE, include_in_schema=False)
async def end(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """`ended`: yes, and none is given any more; no, and they are again."""
    form, _, _ = await form_of(request)
    ended = form.get("ended") == "yes"
    await change_coupon(coupon_id, CouponChange(ended=ended))
    return see_other(f"/coupons/{coupon_id}?done={'ended' if ended else 'resumed'}")


def _typed_of(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What of a coupon is in its form."""
    return {name: value for name, value in kept.items() if name not in {"ended_at", "created_at", "source"}}


async def _form(
    request: Asked,
    around: Frame,
    form: Mapping[str, str],
    branches: list[str],
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Answer:
    context = {
        "form": form,
        "chosen": branches,
        "branches": await branches_to_choose(branches),
        "coupon": kept,
        "seen": mark(_typed_of(kept)) if kept else "",
        "title": named(kept["names"], speaks_of(request)) if kept else "",
    }
    return await answer(request, "coupon_pages/form.html", context, problem, around=around)


HANDLERS = [new, create, edit, change, end]

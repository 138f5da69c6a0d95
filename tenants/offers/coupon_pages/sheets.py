"""Coupons on paper: numbers are printed once, and their sheet can be printed again."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from saas.csv_text import csv_text
from saas.errors import DomainError
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from tenants.cards.qr import qr_svg
from tenants.coupons.bodies import MOST, PrintBody
from tenants.coupons.coupon import coupon, shown
from tenants.coupons.given import sheet
from tenants.coupons.granting import refuse_clerks
from tenants.coupons.printing import print_coupons
from tenants.frame import frame
from tenants.offers.asking import GIVE, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.editing import ONE
from tenants.offers.coupon_pages.one import coupon_page
from tenants.offers.coupon_pages.words import Words, grouped, named
from tenants.offers.typed import act_of

_SHEET: Final = f"{ONE}/sheets/{{act:uuid}}"
_PER_PAGE: Final = 24
_FIELDS: Final = ("count", "branch_id")


@post(f"{ONE}/print", opt=GIVE, include_in_schema=False)
async def print_them(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    """New numbers, and their sheet; sent again, the same sheet."""
    form, _, around = await form_of(request)
    try:
        asked, act = typed(form, around), act_of(form)
        count, branch_id = asked.whole("count"), asked.text("branch_id")
        if count is None:
            asked.missing("count")
        wanted = {"count": count, "branch_id": branch_id}
        body = asked.body(PrintBody, {name: value for name, value in wanted.items() if value is not None})
        await print_coupons(coupon_id, body.count, body.branch_id, act)
    except DomainError as error:
        return await coupon_page(request, around, coupon_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"/coupons/{coupon_id}/sheets/{act}")


@get(_SHEET, opt=GIVE, include_in_schema=False)
async def show_sheet(request: Asked, coupon_id: FromPath[UUID], act: FromPath[UUID]) -> Answer:
    """A page of coupons to be cut out."""
    refuse_clerks()
    kept, speaks, around = shown(await coupon(coupon_id)), speaks_of(request), await frame()
    cursor = request.query_params.get("cursor")
    (after,) = decode_cursor(cursor, UUID) or (None,)
    rows = await sheet(coupon_id, act, _PER_PAGE, after)
    if not rows:
        raise DomainError("not-found")
    words, here = Words(speaks, around.currency), f"/coupons/{coupon_id}/sheets/{act}"
    behind = encode_cursor(rows[_PER_PAGE - 1]["id"]) if len(rows) > _PER_PAGE else None
    context = {
        "coupon": kept,
        "title": named(kept["names"], speaks),
        "value": words.value(kept),
        "conditions": words.conditions(kept),
        "tickets": [
            {"number": grouped(row["number"]), "qr": qr_svg(row["number"]), "gone": row["state"] != "open"}
            for row in rows[:_PER_PAGE]
        ],
        "span": words.span(rows[0]["valid_from"], rows[0]["valid_until"]),
        "at": speaks.moment(rows[0]["granted_at"], around.timezone),
        "csv": f"{here}/numbers.csv",
        "first": here if cursor else None,
        "following": f"{here}?cursor={behind}" if behind else None,
    }
    return await answer(request, "coupon_pages/sheet.html", context, around=around)


@get(f"{_SHEET}/numbers.csv", opt=GIVE, include_in_schema=False)
async def numbers(request: Asked, coupon_id: FromPath[UUID], act: FromPath[UUID]) -> Response[Any]:
    """The same for a printer's shop."""
    refuse_clerks()
    kept, speaks = shown(await coupon(coupon_id)), speaks_of(request)
    rows = await sheet(coupon_id, act, MOST, None)
    if not rows:
        raise DomainError("not-found")
    head = [speaks.say("Number"), speaks.say("Coupon"), speaks.say("Valid from"), speaks.say("Valid until")]
    name = named(kept["names"], speaks)
    lines = [[row["number"], name, row["valid_from"].isoformat(), row["valid_until"].isoformat()] for row in rows]
    headers = {"Content-Disposition": f'attachment; filename="{kept["code"]}.csv"', "Cache-Control": "no-store"}
    return Response(csv_text([head, *lines]), media_type="text/csv", headers=headers)


HANDLERS = [print_them, show_sheet, numbers]

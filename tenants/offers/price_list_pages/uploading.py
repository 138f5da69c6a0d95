"""Price lists as files: out, and in again after a look at what the file would change."""

from typing import Any, Final, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.forms import texts_of
from saas.pages import reader_of, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.sessions import close_files
from tenants.frame import Frame, frame
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.price_list_pages.files import COLUMNS, Read, decoded, read, written
from tenants.offers.price_list_pages.lists import HOME, ONE, kept_list, list_page
from tenants.offers.typed import Typed
from tenants.price_lists.bodies import PriceListBody, PriceListChange
from tenants.price_lists.price_list import change_price_list, price_list, put_price_list

_FIELDS: Final = ("file", "mode", "text")
_UPLOAD: Final[dict[str, Any]] = {**DEFINE, "scoped": False, "takes_files": True}
_SAMPLES: Final = 20
_LONGEST: Final = 2_000_000


@get(f"{ONE}/prices.csv", opt=READ, include_in_schema=False)
async def download(request: Asked, code: FromPath[str]) -> Response[Any]:
    """The whole list, to be changed in a spreadsheet and brought back."""
    kept, around = await price_list(code), await frame()
    headers = {"Content-Disposition": f'attachment; filename="{code}.csv"', "Cache-Control": "no-store"}
    text = written(kept["prices"], around.currency, speaks_of(request))
    return Response(text, media_type="text/csv", headers=headers)


@post(f"{ONE}/upload", opt=_UPLOAD, status_code=200, include_in_schema=False)
async def look(request: Asked, code: FromPath[str]) -> Answer:
    """What the file would change; nothing is changed yet. The file is read before the scope is opened."""
    form = await texts_of(request)
    try:
        raw = await _file(request)
    finally:
        await close_files(request)
    who: Principal = request.scope["state"]["principal"]
    async with tenant_scope(cast("UUID", who.tenant_id), principal=who):
        around = await frame()
        await kept_list(code)
        try:
            text = _text(raw)
        except DomainError as error:
            return await list_page(request, around, code, refused(request, error, around, _FIELDS), form)
        return await _preview(request, around, code, text, form.get("mode", ""))


@post(f"{ONE}/take", opt=DEFINE, include_in_schema=False)
async def take(request: Asked, code: FromPath[str]) -> Answer:
    """Takes over what was looked at: the file's prices beside the others, or in the place of all of them."""
    form, _, around = await form_of(request)
    kept = await price_list(code)
    found = read(form.get("text", ""), around.currency, reader_of(request).language)
    found.over(kept["prices"])
    if found.wrong or not found.prices:
        return await _preview(request, around, code, form.get("text", ""), form.get("mode", ""))
    try:
        asked = Typed(form, around.currency)
        if form.get("mode") == "replace":
            await put_price_list(code, asked.body(PriceListBody, {"names": kept["names"], "prices": found.prices}))
        else:
            await change_price_list(code, asked.body(PriceListChange, {"prices": found.prices}))
    except DomainError as error:
        return await list_page(request, around, code, refused(request, error, around, _FIELDS), form)
    return see_other(f"{HOME}/{code}?done=taken")


async def _file(request: Asked) -> bytes:
    """What was sent, up to a byte more than may be."""
    sent = (await request.form()).get("file")
    return await sent.read(_LONGEST + 1) if isinstance(sent, UploadFile) else b""


def _text(raw: bytes) -> str:
    if not raw.strip():
        raise DomainError("validation-failed", errors=[FieldError("/file", "required")])
    if len(raw) > _LONGEST:
        raise DomainError("payload-too-large")
    return decoded(raw)


async def _preview(request: Asked, around: Frame, code: str, text: str, mode: str) -> Answer:
    kept, speaks = await price_list(code), speaks_of(request)
    found = read(text, around.currency, speaks.language)
    found.over(kept["prices"])
    changes = _changes(kept["prices"], found, replace=mode == "replace")
    context = {
        "list": kept,
        "title": named(kept["names"], speaks),
        "mode": "replace" if mode == "replace" else "add",
        "text": text,
        "found": found,
        "faults": [(one.line, speaks.say(COLUMNS.get(one.column, one.column)), one.message) for one in found.faults],
        "changes": changes,
        "most": _SAMPLES,
    }
    return await answer(request, "price_list_pages/upload.html", context, around=around)


def _changes(before: list[dict[str, Any]], found: Read, *, replace: bool) -> dict[str, list[dict[str, Any]]]:
    """What would be new, changed (with the price before) and gone."""
    was, after = {one["sku"]: one for one in before}, {one["sku"]: one for one in found.prices}
    changed = [
        {**one, "before": was[sku]["price"]}
        for sku, one in after.items()
        if sku in was and {**was[sku], "names": was[sku]["names"] or None} != one
    ]
    return {
        "new": [one for sku, one in after.items() if sku not in was],
        "changed": changed,
        "gone": [one for sku, one in was.items() if replace and sku not in after],
    }


HANDLERS = [download, look, take]

"""The lists, one list with its prices, and changing them by hand."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.once import once
from saas.pages import see_other
from saas.scope import connection, current
from tenants.frame import Frame, frame
from tenants.offers.asking import DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told, Typed, amount_typed
from tenants.price_lists.bodies import PriceListBody, PriceListChange, is_code, require_code
from tenants.price_lists.price_list import change_price_list, price_lists, prices_of, put_price_list

HOME: Final = "/price-lists"
ONE: Final = f"{HOME}/{{code:str}}"
_SHOWN: Final = 50
_LISTS: Final = 200
_FIELDS: Final = ("code", "names_zh-CN", "names_en", "sku", "list_price", "price", "file", "mode")
_READ: Final = "SELECT code, names FROM price_list WHERE tenant_id = $1 AND code = $2"
_TAKEN: Final = "SELECT EXISTS (SELECT FROM price_list WHERE tenant_id = $1 AND code = $2)"


@get(HOME, opt=READ, include_in_schema=False)
async def lists(request: Asked) -> Answer:
    """All lists, and the form of a new one."""
    return await _all(request, await frame())


@post(HOME, opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """A list without prices yet, made once however often it is sent."""
    form, _, around = await form_of(request)

    async def make() -> str:
        asked = typed(form, around)
        names = asked.names()
        code = require_code(asked.plain("code") or code_of(names.get("en") or "", "prices"))
        body = asked.body(PriceListBody, {"names": names, "prices": []})
        await _require_free(code)
        await put_price_list(code, body)
        return f"{HOME}/{code}?done=made"

    try:
        return see_other(await once(request, make))
    except DomainError as error:
        return await _all(request, around, form, refused(request, error, around, _FIELDS))


@get(ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, code: FromPath[str]) -> Answer:
    return await list_page(request, await frame(), code)


@post(ONE, opt=DEFINE, include_in_schema=False)
async def rename(request: Asked, code: FromPath[str]) -> Answer:
    form, _, around = await form_of(request)
    try:
        asked = typed(form, around)
        await change_price_list(code, asked.body(PriceListChange, {"names": asked.names()}))
    except DomainError as error:
        return await list_page(request, around, code, refused(request, error, around, _FIELDS), form)
    return see_other(f"{HOME}/{code}?done=changed")


@post(f"{ONE}/prices", opt=DEFINE, include_in_schema=False)
async def put_one(request: Asked, code: FromPath[str]) -> Answer:
    """A new price, or another one for a piece that has one."""
    form, _, around = await form_of(request)
    try:
        asked = typed(form, around)
        await change_price_list(code, asked.body(PriceListChange, {"prices": [_price(asked)]}))
    except DomainError as error:
        return await list_page(request, around, code, refused(request, error, around, _FIELDS), form)
    return see_other(f"{HOME}/{code}?done=priced#prices")


@post(f"{ONE}/remove", opt=DEFINE, include_in_schema=False)
async def remove(request: Asked, code: FromPath[str]) -> Answer:
    """A piece costs everybody the same again."""
    form, _, around = await form_of(request)
    await change_price_list(code, typed(form, around).body(PriceListChange, {"remove": [form.get("sku", "").strip()]}))
    return see_other(f"{HOME}/{code}?done=removed#prices")


async def _require_free(code: str) -> None:
    if await connection().fetchval(_TAKEN, current().tenant_id, code):
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])


def _price(asked: Typed) -> dict[str, Any]:
    chinese, english = asked.text("item_zh"), asked.text("item_en")
    names = {"zh-CN": chinese or english, "en": english or chinese}
    price = asked.money("price")
    if price is None:
        asked.missing("price")
    if asked.plain("sku") is None:
        asked.missing("sku")
    return {
        "sku": asked.plain("sku"),
        "names": names if names["en"] else None,
        "list_price": asked.money("list_price"),
        "price": price,
    }


async def _all(
    request: Asked, around: Frame, form: Mapping[str, str] | None = None, problem: Told | None = None
) -> Answer:
    speaks = speaks_of(request)
    rows = await price_lists(None, _LISTS)
    context = {
        "lines": [{**dict(row), "name": named(row["names"], speaks)} for row in rows[:_LISTS]],
        "form": form or {},
    }
    return await answer(request, "price_list_pages/lists.html", context, problem, around=around)


async def kept_list(code: str) -> dict[str, Any]:
    """The list without its prices. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, code) if is_code(code) else None
    if row is None:
        raise DomainError("not-found")
    return dict(row)


async def list_page(
    request: Asked, around: Frame, code: str, problem: Told | None = None, form: Mapping[str, str] | None = None
) -> Answer:
    """One list: a page of its prices, those whose item code begins with `q`; `sku` fills the form to change one."""
    kept, speaks = await kept_list(code), speaks_of(request)
    asked = {name: request.query_params.get(name, "").strip().replace("\0", "") for name in ("q", "after", "sku")}
    rows = await prices_of(code, asked["after"], asked["q"], _SHOWN)
    lines = [{**dict(row), "name": named(row["names"], speaks) if row["names"] else ""} for row in rows[:_SHOWN]]
    here = f"{HOME}/{code}"
    meant = await prices_of(code, "", asked["sku"], 1) if asked["sku"] else []
    change = next((_typed_as(dict(row), around) for row in meant if row["sku"] == asked["sku"]), {})
    context = {
        "list": kept,
        "title": named(kept["names"], speaks),
        "lines": lines,
        "q": asked["q"],
        "form": {"names_zh-CN": kept["names"]["zh-CN"], "names_en": kept["names"]["en"], **change, **(form or {})},
        "first": here if asked["after"] else None,
        "after": lines[-1]["sku"] if len(rows) > _SHOWN else None,
    }
    return await answer(request, "price_list_pages/list.html", context, problem, around=around)


def _typed_as(price: dict[str, Any], around: Frame) -> dict[str, str]:
    return {
        "sku": price["sku"],
        "item_zh": price["names"].get("zh-CN", ""),
        "item_en": price["names"].get("en", ""),
        "list_price": amount_typed(price["list_price"], around.currency),
        "price": amount_typed(price["price"], around.currency),
    }


HANDLERS = [lists, create, one, rename, put_one, remove]

"""`/v1/price-lists`: the prices of those whose tier gives them a list."""

from functools import partial
from typing import Any, Final

from litestar import Request, Response, get, patch, put
from litestar.params import FromPath, JSONBody

from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.price_lists.bodies import PriceListBody, PriceListChange, require_code
from tenants.price_lists.price_list import change_price_list, price_list, price_lists, put_price_list
from tenants.programme.strict import Code

READ = {"requires": "members:read"}
WRITE = {"requires": "programme:write"}
_NAMES: dict[str, Any] = {**WRITE, "names": {"code": Code}}
_TAGS: Final = Tags("price_list", "code")


@get("/v1/price-lists", opt=READ, tags=["price lists"], summary="Price lists, by their codes")
async def list_price_lists(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, str) or (None,)
    return page(await price_lists(after, query.limit), query.limit, dict, lambda row: (row["code"],))


@get(
    "/v1/price-lists/{code:str}",
    opt={**READ, "tagged": True},
    tags=["price lists"],
    summary="One price list with its prices",
)
async def get_price_list(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, await price_list(code))


@put(
    "/v1/price-lists/{code:str}", opt={**_NAMES, "tagged": True}, tags=["price lists"], summary="Put a whole price list"
)
async def replace_price_list(
    request: Request[Any, Any, Any], code: FromPath[str], data: JSONBody[PriceListBody]
) -> Response[dict[str, Any]]:
    """Up to 5,000 prices, in place of those that the list had; 201 for a new list. A tier gives it by a benefit
    `{"type": "price_list", "code"}`.
    """
    require_code(code)
    await _TAGS.require(request, code, partial(price_list, code))
    shown, is_new = await put_price_list(code, data)
    return _TAGS.answer(request, shown, status=201 if is_new else 200)


@patch(
    "/v1/price-lists/{code:str}",
    opt={**WRITE, "tagged": True},
    tags=["price lists"],
    summary="Change some prices of a list",
)
async def change_prices(
    request: Request[Any, Any, Any], code: FromPath[str], data: JSONBody[PriceListChange]
) -> Response[dict[str, Any]]:
    """Prices that aren't named stay as they are."""
    await _TAGS.require(request, code, partial(price_list, code))
    return _TAGS.answer(request, await change_price_list(code, data))


HANDLERS = [list_price_lists, get_price_list, replace_price_list, change_prices]

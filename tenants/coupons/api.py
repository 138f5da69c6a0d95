"""`/v1/coupons`: what a chain has to give, giving it, and what became of it."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.coupons.bodies import (
    CouponChange,
    GivenQuery,
    GrantBody,
    HeldQuery,
    NewCoupon,
    PrintBody,
    RedeemBody,
    VoidBody,
)
from tenants.coupons.coupon import change_coupon, coupon, coupons, make_coupon
from tenants.coupons.coupon import shown as shown_coupon
from tenants.coupons.given import given, tallies
from tenants.coupons.granting import grant_to_members, grant_to_segment
from tenants.coupons.held import coupons_of_member, held, shown, with_entries
from tenants.coupons.printing import print_coupons
from tenants.coupons.using import redeem, void
from tenants.members.existing import require_member

READ = {"requires": "members:read"}
DEFINE = {"requires": "programme:write"}
GIVE = {"requires": "members:write"}
USE = {"requires": "purchases:write"}
_TAGS: Final = Tags("coupon", moves=frozenset({"counts"}))


@post("/v1/coupons", opt=DEFINE, tags=["coupons"], summary="A new coupon to give")
async def create(data: JSONBody[NewCoupon]) -> dict[str, Any]:
    return await make_coupon(data)


@get("/v1/coupons", opt=READ, tags=["coupons"], summary="Coupons to give, the oldest first")
async def list_coupons(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await coupons(after, query.limit + 1), query.limit, shown_coupon, lambda row: (row["id"],))


@get("/v1/coupons/{coupon_id:uuid}", opt={**READ, "tagged": True}, tags=["coupons"], summary="One coupon to give")
async def read(request: Request[Any, Any, Any], coupon_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    """With `counts` of those given, by their state; each counts up to 100,001, which is that or more."""
    return _TAGS.answer(request, await _counted(coupon_id))


async def _counted(coupon_id: UUID) -> dict[str, Any]:
    row = await coupon(coupon_id)
    return {**shown_coupon(row), "counts": (await tallies([coupon_id]))[coupon_id]}


@get("/v1/coupons/{coupon_id:uuid}/grants", opt=READ, tags=["coupons"], summary="Those given, the newest first")
async def list_given(coupon_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(GivenQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    await coupon(coupon_id)
    rows = await given(coupon_id, query.state, query.limit, before)
    return page(rows, query.limit, shown, lambda row: (row["id"],))


@patch(
    "/v1/coupons/{coupon_id:uuid}",
    opt={**DEFINE, "tagged": True},
    tags=["coupons"],
    summary="Change a coupon, end it, take it up again",
)
async def change(
    request: Request[Any, Any, Any], coupon_id: FromPath[UUID], data: JSONBody[CouponChange]
) -> Response[dict[str, Any]]:
    """Those given before keep their terms and days, and hold when the coupon has ended."""
    await _TAGS.require(request, coupon_id, partial(_counted, coupon_id))
    return _TAGS.answer(request, await change_coupon(coupon_id, data))


@post("/v1/coupons/{coupon_id:uuid}/grant", opt=GIVE, tags=["coupons"], summary="Give a coupon to members or a segment")
async def give(coupon_id: FromPath[UUID], data: JSONBody[GrantBody]) -> Response[dict[str, Any]]:
    """201 with a coupon for each member named, all or none; 202 with a `job_id` for a segment."""
    if data.segment is not None:
        return Response({"job_id": await grant_to_segment(coupon_id, data.segment, data.reason)}, status_code=202)
    if data.member_id is not None:
        members, at = [data.member_id], ["/member_id"]
    else:
        members = data.member_ids or []
        at = [f"/member_ids/{n}" for n in range(len(members))]
    made = await grant_to_members(coupon_id, members, at, data.reason)
    return Response({"granted": len(made), "coupons": made}, status_code=201)


@post(
    "/v1/coupons/{coupon_id:uuid}/print", opt=GIVE, tags=["coupons"], summary="Numbers to print, for who isn't a member"
)
async def print_numbers(coupon_id: FromPath[UUID], data: JSONBody[PrintBody]) -> dict[str, Any]:
    return await print_coupons(coupon_id, data.count, data.branch_id)


@post("/v1/coupons/redeem", opt=USE, tags=["coupons"], summary="A till took the coupon's value by itself")
async def use(data: JSONBody[RedeemBody]) -> Response[dict[str, Any]]:
    """201, or 200 where the same `external_id` had redeemed it with the same content."""
    row, first = await redeem(data)
    return Response(shown(row), status_code=201 if first else 200)


@get(
    "/v1/coupons/grants/{reference:str}", opt=READ, tags=["coupons"], summary="A coupon that was given, by number or id"
)
async def read_held(reference: FromPath[str]) -> dict[str, Any]:
    return await with_entries(await held(reference))


@post(
    "/v1/coupons/grants/{reference:str}/void", opt=GIVE, status_code=200, tags=["coupons"], summary="Take a coupon back"
)
async def take_back(reference: FromPath[str], data: JSONBody[VoidBody]) -> dict[str, Any]:
    return shown(await void(reference, data.reason))


@get("/v1/members/{member_id:uuid}/coupons", opt=READ, tags=["members"], summary="A member's coupons, the newest first")
async def list_held(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(HeldQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await coupons_of_member(await require_member(member_id), query.state, query.limit, before)
    return page(rows, query.limit, shown, lambda row: (row["id"],))


HANDLERS = [create, list_coupons, read, list_given, change, give, print_numbers, use, read_held, take_back, list_held]

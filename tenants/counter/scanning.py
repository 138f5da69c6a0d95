"""What a scanner read, wherever on the page: a member's card or code, a coupon, or nothing that we know."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, post

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import reader_of
from saas.validation import parse_query
from tenants.confirming.confirm import code_pays, member_of_code
from tenants.counter.acting import READ, AnyRequest
from tenants.counter.finding import found_coupon
from tenants.counter.home import HOME
from tenants.coupons.held import by_id
from tenants.members.bodies import MembersQuery
from tenants.members.listing import list_members
from tenants.members.whereabouts import locate

_LONGEST: Final = 200
_NO_STORE: Final = {"Cache-Control": "no-store"}


@post(f"{HOME}/scan", opt=READ, status_code=200, include_in_schema=False)
async def scan(request: AnyRequest) -> Response[dict[str, Any]]:
    """`kind`: member (`href`; `code` where it also consents to a payment), coupon (`number`) or none. In the body,
    since a member's code is a secret for a minute.
    """
    code = (await texts_of(request)).get("code", "").strip()[:_LONGEST]
    return Response(await _meant(code, request), headers=_NO_STORE)


async def _meant(code: str, request: AnyRequest) -> dict[str, Any]:
    if not code:
        return {"kind": "none"}
    if code.isascii() and code.isalnum():
        try:
            member_id = await locate(await member_of_code(code, await tenant_now()))
        except DomainError as error:
            if error.code not in {"code-ended", "unknown-member", "member-closed"}:
                raise
        else:
            paying = {"code": code} if await code_pays(code) else {}
            return {"kind": "member", "href": f"{HOME}/members/{member_id}", **paying}
    holder = await _holder_of(code)
    if holder is not None:
        return {"kind": "member", "href": f"{HOME}/members/{holder}"}
    try:
        listed = await list_members(parse_query(MembersQuery, {"q": code, "limit": "2"}))
    except DomainError as error:
        if error.code != "validation-failed":
            raise
        return {"kind": "none"}
    if len(listed.rows) == 1:
        return {"kind": "member", "href": f"{HOME}/members/{listed.rows[0]['id']}"}
    coupon = None if listed.rows else await found_coupon(code, reader_of(request).tongue)
    return {"kind": "none"} if coupon is None else {"kind": "coupon", "number": coupon.number}


async def _holder_of(code: str) -> UUID | None:
    """Whose coupon the QR code on a digital card means, where the coupon has no number of its own."""
    try:
        row = await by_id(UUID(code))
        return await locate(row["member_id"]) if row is not None and row["member_id"] else None
    except (ValueError, DomainError):
        return None


HANDLERS = [scan]

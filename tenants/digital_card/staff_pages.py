"""`/members/{id}/card`: staff hand a member its card, end one that was lost, see to its phone number."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from tenants.cards.qr import qr_svg
from tenants.digital_card.handing_out import phone_is_unverified, send_address, shown_address, verify_phone
from tenants.digital_card.links import end_links
from tenants.digital_card.sms_codes import can_send
from tenants.frame import frame
from tenants.joining.agreeing import agreements_of
from tenants.members.phones import mask_phone
from tenants.members.row import member_row
from tenants.members.whereabouts import united

_PAGE: Final = "/members/{member_id:uuid}/card"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write", "scoped": False}
_DONE: Final = frozenset({"sent", "ended", "verified"})
_Request = Request[Any, Any, Any]


@get(_PAGE, opt=_OPT, include_in_schema=False)
async def card_sheet(request: _Request, member_id: FromPath[UUID]) -> Response[Any]:
    """What can be done with the member's card."""
    return await _sheet(request, member_id)


@post(_PAGE, opt=_OPT, status_code=200, include_in_schema=False)
async def act(request: _Request, member_id: FromPath[UUID]) -> Response[Any]:
    """`act`: show the QR code (audited), send the address, end what was given out, vouch for the phone number."""
    form, address = await texts_of(request), None
    wanted = form.get("act")
    try:
        async with _scope(request):
            if wanted == "show":
                address = await shown_address(member_id)
            elif wanted == "send":
                await send_address(member_id)
            elif wanted == "end":
                await end_links(member_id)
            elif wanted == "verified":
                await verify_phone(member_id, "staff")
            else:
                raise DomainError("bad-request")  # noqa: TRY301 - told on the page like the others
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _sheet(request, member_id, error=error)
    if address is not None:
        return await _sheet(request, member_id, address=address)
    done = {"send": "sent", "end": "ended", "verified": "verified"}[str(wanted)]
    return see_other(f"/members/{member_id}/card?done={done}")


async def _sheet(
    request: _Request, member_id: UUID, *, address: str | None = None, error: DomainError | None = None
) -> Response[Any]:
    speaks = reader_of(request).tongue
    async with _scope(request):
        row = await member_row(member_id)
        context = {
            "frame": await frame(),
            "id": row["id"],
            "title": row["name"] or row["card_no"] or mask_phone(row["phone"]) or speaks.say("Unnamed"),
            "active": row["status"] == "active",
            "phone": mask_phone(row["phone"]),
            "may_send": row["phone"] is not None and can_send(),
            "unverified": row["phone"] is not None and await phone_is_unverified(row["id"]),
            "agreements": await agreements_of(await united(row["id"])),
        }
    done = request.query_params.get("done")
    problem = told(request, error) if error else None
    context |= {
        "address": address,
        "qr": qr_svg(address) if address else None,
        "done": done if done in _DONE and request.method == "GET" else None,
        "problem": problem,
    }
    headers = error.headers if error else None
    status = problem.status if problem else 200
    return render_page(request, "digital_card/sheet.html", context, status=status, headers=headers)


def _scope(request: _Request) -> Any:
    who: Principal = request.scope["state"]["principal"]
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return tenant_scope(who.tenant_id, principal=who, request_id=request.scope["state"].get("request_id"))


HANDLERS = [card_sheet, act]

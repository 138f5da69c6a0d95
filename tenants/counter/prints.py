"""On paper: the receipt of a sale or a top-up for 58 and 80 mm rolls, and a member's card with its QR code."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from markupsafe import Markup

from saas.errors import DomainError
from saas.pages import reader_of, render_page
from saas.scope import connection, current
from tenants.cards.qr import qr_svg
from tenants.counter.acting import READ, AnyRequest
from tenants.counter.home import HOME
from tenants.counter.outcome import outcome
from tenants.counter.people import customer
from tenants.digital_card.links import card_address
from tenants.frame import frame

_WIDTHS: Final = ("80", "58")
_WHERE: Final = """
SELECT b.name, s.name AS clerk FROM {table} f JOIN branch b ON b.tenant_id = $1 AND b.id = f.branch_id
  LEFT JOIN staff s ON s.tenant_id = $1 AND 'staff:' || s.id = f.actor WHERE f.tenant_id = $1 AND f.id = $2"""


@get(f"{HOME}/receipts/purchase/{{entry_id:uuid}}", opt=READ, include_in_schema=False)
async def purchase_receipt(request: AnyRequest, entry_id: FromPath[UUID]) -> Response[Any]:
    """`width`: 80 or 58 (mm). `qr`: with the way to the member's card, for who asks for it: whoever finds a slip that
    was thrown away could open it.
    """
    return await _receipt(request, "purchase", entry_id)


@get(f"{HOME}/receipts/top-up/{{entry_id:uuid}}", opt=READ, include_in_schema=False)
async def top_up_receipt(request: AnyRequest, entry_id: FromPath[UUID]) -> Response[Any]:
    """The same for stored value."""
    return await _receipt(request, "top_up", entry_id)


async def _receipt(request: AnyRequest, kind: str, entry_id: UUID) -> Response[Any]:
    around, width = await frame(), request.query_params.get("width", _WIDTHS[0])
    made = await outcome(kind, entry_id, around, reader_of(request).tongue)  # knows the two kinds, and no other
    where = await connection().fetchrow(_WHERE.format(table=kind), current().tenant_id, entry_id)
    if where is None:
        raise DomainError("not-found")
    context = {
        "frame": around,
        "done": made,
        "branch": where["name"],
        "clerk": where["clerk"] or "",
        "width": width if width in _WIDTHS else _WIDTHS[0],
        "member": bool(made.customer),
        "card": await _picture(made.customer.id) if made.customer and request.query_params.get("qr") else None,
    }
    return render_page(request, "counter/receipt.html", context)


@get(f"{HOME}/cards/{{member_id:uuid}}", opt=READ, include_in_schema=False)
async def card_sheet(request: AnyRequest, member_id: FromPath[UUID]) -> Response[Any]:
    """A card of ID-1 size to print and cut out: the number as a QR code, and the way to the digital card."""
    around = await frame()
    here = await customer(member_id, reader_of(request).tongue)
    context = {
        "frame": around,
        "customer": here,
        "number": _drawn(here.card_no) if here.card_no else None,
        "digital": await _picture(here.id),
    }
    return render_page(request, "counter/card_sheet.html", context)


async def _picture(member_id: UUID) -> Markup:
    """The link of the digital card as a QR code."""
    return _drawn(await card_address(member_id))


def _drawn(text: str) -> Markup:
    drawn = qr_svg(text)
    return Markup(drawn)  # noqa: S704 - drawn by us, out of nothing but squares  # nosec B704


HANDLERS = [purchase_receipt, top_up_receipt, card_sheet]

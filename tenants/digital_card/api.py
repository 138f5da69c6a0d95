"""`/v1/members/{id}/card-link`: for the chain's mini-programme, its messages and its tills."""

from typing import Any
from uuid import UUID

from litestar import delete, post
from litestar.params import FromPath

from tenants.cards.qr import qr_svg
from tenants.digital_card.handing_out import shown_address
from tenants.digital_card.links import end_links

TAGS = ["cards"]
_PATH = "/v1/members/{member_id:uuid}/card-link"


@post(
    _PATH,
    opt={"requires": "members:write", "shows_secret": True},
    status_code=200,
    tags=TAGS,
    summary="The address of the member's digital card",
)
async def show_link(member_id: FromPath[UUID]) -> dict[str, Any]:
    """For the member alone: who has it sees the card without a log-in. The same one until it is ended; the answer
    isn't kept: a repeat with the same Idempotency-Key answers `secret-shown-once`.
    """
    url = await shown_address(member_id)
    return {"url": url, "qr": qr_svg(url)}


@delete(_PATH, opt={"requires": "members:write"}, tags=TAGS, summary="Links to the digital card given out so far end")
async def end(member_id: FromPath[UUID]) -> None:
    """For a lost phone, or a link that went astray. The next POST gives a new one."""
    await end_links(member_id)


HANDLERS = [show_link, end]

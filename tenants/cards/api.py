"""`/v1/cards`, and the cards of a member."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, StringConstraints

from saas.field_types import clean_line
from saas.paging import Page, decode_cursor, page
from saas.validation import Body, ExternalId, ListQuery, parse_query
from tenants.cards.card import card_out, cards_of, issue, replace_card, report_lost, require_active
from tenants.cards.qr import qr_svg
from tenants.members.existing import require_member

READ = {"requires": "members:read"}
WRITE = {"requires": "members:write"}
TAGS = ["cards"]


class NewCard(Body):
    """Without `card_no` the number is ours: 12 digits with a check digit."""

    card_no: ExternalId | None = None


class Replacement(Body):
    """`proof`: how the member showed that the card is its own (the phone it is called at, a document seen)."""

    card_no: ExternalId | None = None
    proof: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_line)]


@post("/v1/members/{member_id:uuid}/cards", opt=WRITE, tags=TAGS, summary="Give the member one more card")
async def create(member_id: FromPath[UUID], data: JSONBody[NewCard]) -> dict[str, Any]:
    """It is the member's `card_no` from now on; those before it stay active."""
    return card_out(await issue(member_id, data.card_no))


@get("/v1/members/{member_id:uuid}/cards", opt=READ, tags=TAGS, summary="All cards the member ever had, newest first")
async def list_cards(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    place = decode_cursor(query.cursor, datetime, str)
    rows = await cards_of(members, query.limit, (place[0], place[1]) if place else None)
    return page(rows, query.limit, card_out, lambda row: (row["issued_at"], row["number"]))


@post("/v1/cards/{card_no:str}/report-lost", opt=WRITE, status_code=200, tags=TAGS, summary="The card was lost")
async def lost(card_no: FromPath[str]) -> dict[str, Any]:
    """A till that reads it is answered 409 `card-lost`. Again is fine."""
    return card_out(await report_lost(card_no))


@post("/v1/cards/{card_no:str}/replace", opt=WRITE, tags=TAGS, summary="A new card in its place")
async def replace(card_no: FromPath[str], data: JSONBody[Replacement]) -> dict[str, Any]:
    """The new card. The old one, lost or worn, leads to nobody any more."""
    return card_out(await replace_card(card_no, data.card_no, data.proof))


@get("/v1/cards/{card_no:str}/qr.svg", opt=READ, tags=TAGS, summary="The number as a QR code, to print on a card")
async def show_qr(card_no: FromPath[str]) -> Response[str]:
    svg = qr_svg(await require_active(card_no))
    return Response(svg, media_type="image/svg+xml", headers={"Content-Security-Policy": "default-src 'none'"})


HANDLERS = [create, list_cards, lost, replace, show_qr]

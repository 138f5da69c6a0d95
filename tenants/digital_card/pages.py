"""`/c/{link}`: the card itself, its one-minute code, its statements and coupons. No log-in: the link is the key."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from saas.assets import asset_url
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.pages import reader_of
from saas.paging import decode_cursor, encode_cursor
from tenants.cards.qr import qr_svg
from tenants.confirming.asking import code_for_card
from tenants.coupons.held import by_id as coupon_by_id
from tenants.coupons.held import shown as coupon_shown
from tenants.digital_card.answers import (
    OPEN,
    AskedBy,
    card_page,
    language_chosen,
    opened,
    require_own_page,
    see_card,
)
from tenants.digital_card.phones import is_confirmed, may_confirm
from tenants.digital_card.showing import card_of, chain_on_card, coupon_on_card, teller_of
from tenants.digital_card.throttle import count
from tenants.digital_card.words import POINTS_KINDS, wallet_kind
from tenants.joining.inviting import invitation
from tenants.members.row import member_row
from tenants.members.whereabouts import united
from tenants.nightly import this_night
from tenants.points.reading import entries as points_entries
from tenants.wallet.statement import entries_of as wallet_entries
from tenants.wallet.statement import entry_out as wallet_entry

ONE: Final = "/c/{link:str}"
_LINES: Final = 30
_CODES_A_MINUTE: Final = 20
_DONE: Final = frozenset({"claimed", "confirmed", "consents", "joined"})


@get(ONE, **OPEN)
async def card(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """The whole card. `lang` changes the language of this browser."""
    if (chosen := language_chosen(request)) is not None:
        return see_card(f"/c/{link}", cookies=[chosen])
    speaks = reader_of(request).tongue
    async with opened(request, link) as here:
        chain, row = await chain_on_card(), await member_row(here.holder)
        context = {
            "link": here.link,
            "chain": chain,
            **await card_of(here.holder, chain, speaks),
            "confirmed": is_confirmed(request, here.link, row["phone"]),
            "may_confirm": may_confirm(row["phone"]),
            "invitation": await invitation(here.holder),
            "done": request.query_params.get("done") if request.query_params.get("done") in _DONE else None,
        }
    return card_page(request, "card.html", context)


@post(f"{ONE}/code", **OPEN, status_code=200)
async def show_code(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """A code for the next minute: on a confirmed phone it also pays. Alone where the card's script asks."""
    part = request.headers.get("x-part") == "code"
    require_own_page(request)
    await count("card-code", link, _CODES_A_MINUTE, 60)
    async with opened(request, link) as here:
        chain, row = await chain_on_card(), await member_row(here.holder)
        confirmed = is_confirmed(request, here.link, row["phone"])
        shown = await code_for_card(here.holder, None, names_only=not confirmed)
        seconds = int((shown.expires_at - await tenant_now()).total_seconds())
    context = {"link": here.link, "chain": chain, "shown": shown, "seconds": seconds, "confirmed": confirmed}
    return card_page(request, "_code.html" if part else "code.html", context)


@get(f"{ONE}/points", **OPEN)
async def points(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """What happened to the points, the newest first."""
    speaks = reader_of(request).tongue
    async with opened(request, link) as here:
        chain = await chain_on_card()
        (before,) = decode_cursor(request.query_params.get("before"), UUID) or (None,)
        rows = await points_entries(await united(here.holder), _LINES, before)
    lines = [
        {
            "title": speaks.say(name),
            "at": row["recorded_at"],
            "change": f"{'+' if row['points'] > 0 else ''}{speaks.number(row['points'])}",
            "up": row["points"] > 0,
            "until": row["expires_on"],
        }
        for row, name in ((row, POINTS_KINDS[row["kind"]]) for row in rows[:_LINES])
    ]
    more = encode_cursor(rows[_LINES - 1]["id"]) if len(rows) > _LINES else None
    context = {"link": here.link, "chain": chain, "lines": lines, "more": more, "what": "points"}
    return card_page(request, "statement.html", context)


@get(f"{ONE}/wallet", **OPEN)
async def wallet(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """What happened to the stored value, the newest first."""
    speaks = reader_of(request).tongue
    async with opened(request, link) as here:
        chain = await chain_on_card()
        (before,) = decode_cursor(request.query_params.get("before"), UUID) or (None,)
        rows = await wallet_entries(await united(here.holder), _LINES, before)
    lines = []
    for row in map(wallet_entry, rows[:_LINES]):
        name, money = wallet_kind(row["kind"]), speaks.money(row["amount"], chain.currency)
        title = speaks.say(name)
        if row["account"] == "bonus":
            title = speaks.say("%(what)s (bonus)", what=title)
        change = f"+{money}" if row["amount"] > 0 else money
        lines.append(
            {"title": title, "at": row["recorded_at"], "change": change, "up": row["amount"] > 0, "until": None}
        )
    more = encode_cursor(rows[_LINES - 1]["id"]) if len(rows) > _LINES else None
    context = {"link": here.link, "chain": chain, "lines": lines, "more": more, "what": "wallet"}
    return card_page(request, "statement.html", context)


@get(f"{ONE}/coupons/{{grant_id:uuid}}", **OPEN)
async def coupon(request: AskedBy, link: FromPath[str], grant_id: FromPath[UUID]) -> Response[Any]:
    """One coupon, to be scanned: its number where it has one, else its id, which leads a till to it as well."""
    speaks = reader_of(request).tongue
    async with opened(request, link) as here:
        chain, found = await chain_on_card(), await coupon_by_id(grant_id)
        if found is None or found["member_id"] not in await united(here.holder):
            raise DomainError("not-found")
        teller, today = await teller_of(chain, speaks), (await this_night()).today
    one = coupon_on_card(coupon_shown(found), teller, today)
    context = {"link": here.link, "chain": chain, "one": one, "qr": qr_svg(one["number"] or str(one["id"]))}
    return card_page(request, "coupon.html", context)


@get(f"{ONE}/manifest.json", **OPEN)
async def manifest(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """So that a phone can keep the card on its first screen."""
    async with opened(request, link) as here:
        chain = await chain_on_card()
    content = {
        "name": chain.name,
        "short_name": chain.name[:12],
        "id": here.link.path,
        "start_url": here.link.path,
        "scope": here.link.path,
        "display": "standalone",
        "background_color": "#f6f7f9",
        "theme_color": "#f6f7f9",
        "icons": [{"src": asset_url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return Response(content, media_type="application/manifest+json", headers=headers)


HANDLERS = [card, show_code, points, wallet, coupon, manifest]

"""`/members/{id}`: one member, everything that staff ask about on one page."""

from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.i18n import Tongue, n_
from saas.pages import reader_of, render_page, see_other
from saas.paging import decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.cards.card import cards_of
from tenants.coupons.held import coupons_of_member
from tenants.coupons.held import shown as coupon_shown
from tenants.digital_card.handing_out import phone_is_unverified
from tenants.frame import Frame, frame
from tenants.member_pages.lines import contact_of, tier_marks, title_of
from tenants.member_pages.timeline import timeline
from tenants.members.existing import require_member
from tenants.members.phones import mask_phone
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.passes.reading import pass_out, passes_of
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.tiers.explain import explain

ONE: Final = "/members/{member_id:uuid}"
CHANNEL_NAMES: Final = {
    "sms": n_("Text messages"),
    "email": n_("E-mail"),
    "wechat": n_("WeChat"),
    "push": n_("App notifications"),
    "health": n_("Keeping health measurements"),
}
GENDERS: Final = {"female": n_("Female"), "male": n_("Male"), "other": n_("Other")}
STATES: Final = {"active": n_("Active"), "closed": n_("Left"), "erased": n_("Erased")}
CARD_STATES: Final = {"active": n_("Active"), "lost": n_("Lost"), "replaced": n_("Replaced"), "ended": n_("Ended")}
_FEW: Final = 10
_BRANCH: Final = "SELECT name FROM branch WHERE tenant_id = $1 AND id = $2"
_READ: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}
_Request = Request[Any, Any, Any]


@get(ONE, opt=_READ, include_in_schema=False)
async def member(request: _Request, member_id: FromPath[UUID]) -> Response[Any]:
    """The member; a merged record leads to its survivor. `before` is the timeline's page, alone where htmx asks."""
    row = await member_row(member_id)
    if row["id"] != member_id:
        return see_other(f"/members/{row['id']}")
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        context = await _events(request, row["id"], await frame())
        return render_page(request, "member_pages/_timeline.html", {"id": row["id"], **context})
    return await _page(request, row, revealed=False)


@post(ONE, opt=_READ, status_code=200, include_in_schema=False)
async def reveal(request: _Request, member_id: FromPath[UUID]) -> Response[Any]:
    """The whole phone number, once: who looked is in the audit log."""
    row = await member_row(member_id)
    await record("member.reveal", f"member:{row['id']}", {"fields": ["phone"]})
    if request.headers.get("hx-request"):
        if "number" in request.query_params:  # in a row of the list
            return render_page(request, "member_pages/_number.html", {"phone": row["phone"]})
        return render_page(request, "member_pages/_phone.html", {"id": row["id"], "phone": row["phone"], "shown": True})
    return await _page(request, row, revealed=True)


async def _page(request: _Request, row: asyncpg.Record, *, revealed: bool) -> Response[Any]:
    around, reader = await frame(), reader_of(request)
    found, rules = await show(row, reader.language), await current_programme()
    title = title_of(found, reader.tongue)
    masked = {**found, "phone": None}
    context = {
        "frame": around,
        "member": found,
        "id": row["id"],
        "title": title,
        "tint": row["id"].int % 6,
        "contact": contact_of(masked, title),
        "phone": row["phone"] if revealed else mask_phone(row["phone"]),
        "unverified": row["phone"] is not None and await phone_is_unverified(row["id"]),
        "shown": revealed,
        "state": STATES[row["status"]],
        "may_write": current().principal.may("members:write") and row["status"] == "active",
        "marks": tier_marks(found, rules),
        "tiers": [await _tier(row["id"], code, rules, reader.tongue) for code in found["tiers"]],
        "profile": await _profile(found, rules, reader.tongue),
        "consents": [(name, found["consents"][channel]) for channel, name in CHANNEL_NAMES.items()],
        "done": request.query_params.get("done"),
        **await _held(row["id"], reader.tongue),
        **await _events(request, row["id"], around),
    }
    return render_page(request, "member_pages/member.html", context)


async def _tier(member_id: UUID, ladder_code: str, rules: Programme, speaks: Tongue) -> dict[str, Any]:
    """Why the tier, and how far to the next, in the sentences of the explanation."""
    told, ladder = await explain(member_id, ladder_code, speaks.language), rules.ladder(ladder_code)
    return {
        "ladder": ladder.names.get(speaks.language) if ladder else ladder_code,
        "staff_only": ladder is not None and ladder.visibility == "staff",
        "since": told["current"]["since"],
        "valid_until": told["current"]["valid_until"],
        "because": told["because"],
        "keeps": told["keeps"]["text"] if told["keeps"] else None,
        "next": told["next"]["text"] if told["next"] else None,
    }


async def _profile(found: dict[str, Any], rules: Programme, speaks: Tongue) -> list[tuple[str, str]]:
    """What is known beside identifiers; what isn't is left out."""
    branch = await connection().fetchval(_BRANCH, current().tenant_id, found["branch_id"])
    gender = GENDERS.get(found["gender"])
    lines: list[tuple[str, str | None]] = [
        (speaks.say("Joined"), speaks.day(found["joined_on"])),
        (speaks.say("Branch"), branch),
        (speaks.say("Birthday"), _birthday(found, speaks)),
        (speaks.say("Gender"), speaks.say(gender) if gender else None),
        (speaks.say("Tags"), speaks.say(", ").join(found["tags"])),
    ]
    for attribute in rules.attributes:
        value = found["attributes"].get(attribute.code)
        if value is None:
            continue
        if isinstance(value, bool):
            value = speaks.say("Yes") if value else speaks.say("No")
        for choice in attribute.choices or ():
            value = choice.names.get(speaks.language) if choice.code == value else value
        lines.append((attribute.names.get(speaks.language), str(value)))
    return [(name, value) for name, value in lines if value]


def _birthday(found: dict[str, Any], speaks: Tongue) -> str | None:
    if found["birthday"] is None:
        return None
    day = speaks.day(found["birthday"])
    return speaks.say("%(day)s, kept by the lunar calendar", day=day) if found["birthday_calendar"] == "lunar" else day


async def _held(member_id: UUID, speaks: Tongue) -> dict[str, Any]:
    """Coupons that can be used, passes, cards: the newest few of each."""
    members = await require_member(member_id)
    coupons = [coupon_shown(row) for row in await coupons_of_member(members, "open", _FEW, None)][:_FEW]
    passes = [pass_out(row) for row in await passes_of(members, _FEW, None)][:_FEW]
    return {
        "coupons": [
            {**one, "name": one["coupon"]["names"].get(speaks.language) or next(iter(one["coupon"]["names"].values()))}
            for one in coupons
        ],
        "passes": [one for one in passes if one["state"] == "open"],
        "cards": [dict(row) for row in await cards_of(members, _FEW, None)][:_FEW],
        "card_states": CARD_STATES,
    }


async def _events(request: _Request, member_id: UUID, around: Frame) -> dict[str, Any]:
    (before,) = decode_cursor(request.query_params.get("before"), UUID) or (None,)
    events, after = await timeline(await require_member(member_id), before, around, reader_of(request).tongue)
    return {
        "events": events,
        "following": f"/members/{member_id}?before={encode_cursor(after)}" if after else None,
        "first": f"/members/{member_id}" if before else None,
    }


HANDLERS = [member, reveal]

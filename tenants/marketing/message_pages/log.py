"""`/messages`: the log."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import get

from saas.errors import DomainError, FieldError
from saas.i18n import Tongue
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from saas.validation import parse_query
from tenants.campaigns.looking import campaigns_named, campaigns_that_told
from tenants.frame import Frame, frame
from tenants.marketing.asking import address
from tenants.marketing.message_pages.words import (
    CHANNELS,
    PURPOSES,
    STATES,
    TONES,
    campaign_of,
    purpose_of,
    what_for,
    why,
)
from tenants.messages.log import MessagesQuery, messages
from tenants.offers.asking import READ, Answer, Asked, answer, refused, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.typed import Told
from tenants.offers.whom import Person, meant, people

HOME: Final = "/messages"
_SHOWN: Final = 40
_CAMPAIGNS: Final = 200
_FIELDS: Final = ("channel", "state", "purpose", "member", "member_id")


@get(HOME, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """Everything, or what the filters leave of it. `who` is somebody to be found: it leads on to `member_id`."""
    speaks, around = speaks_of(request), await frame()
    given = {name: request.query_params.get(name, "").strip() for name in (*_FIELDS, "who", "cursor")}
    found = (await meant([given["who"]], speaks))[0].people if given["who"] else []
    if len(found) == 1:
        return see_other(address(HOME, {**_filters(given), "member_id": found[0].id}))
    problem: Told | None = None
    rows: list[asyncpg.Record] = []
    if given["who"]:
        error = DomainError("validation-failed", errors=[FieldError("/who", "unknown-member")])
        problem = None if found else refused(request, error, around, ("who",))
    else:
        rows, problem = await _rows(request, given, around)
    shown = rows[:_SHOWN]
    more = encode_cursor(shown[-1]["id"]) if len(rows) > _SHOWN else None
    context = {
        "lines": await _lines(shown, speaks, around),
        "form": given,
        "several": found,
        "filters": _filters(given),
        "only": await _member(given["member_id"], speaks) if problem is None else None,
        "rest": address(HOME, {**_filters(given), "member_id": ""}),
        "states": [
            (address(HOME, {**_filters(given), "state": state}), speaks.say(name), given["state"] == state)
            for state, name in (("", "All"), *STATES.items())
        ],
        "channels": [("", speaks.say("By every channel")), *_said(CHANNELS, speaks)],
        "purposes": await _purposes(speaks, given["purpose"]),
        "first": address(HOME, _filters(given)) if given["cursor"] else None,
        "following": address(HOME, {**_filters(given), "cursor": more}) if more else None,
    }
    return await answer(request, "message_pages/log.html", context, problem, around=around)


def _filters(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in ("channel", "state", "purpose", "member_id") if given[name]}


async def _rows(request: Asked, given: Mapping[str, str], around: Frame) -> tuple[list[asyncpg.Record], Told | None]:
    try:
        query = parse_query(MessagesQuery, {**_filters(given), "limit": str(_SHOWN)})
        (before,) = decode_cursor(given["cursor"] or None, UUID) or (None,)
        return await messages(query, before), None
    except DomainError as error:
        if error.code == "not-found":
            error = DomainError("validation-failed", errors=[FieldError("/who", "unknown-member")])
        return [], refused(request, error, around, (*_FIELDS, "who"))


async def _member(member_id: str, speaks: Tongue) -> Person | None:
    try:
        found = UUID(member_id)
    except ValueError:  # none, or no id at all
        return None
    return (await people([found], speaks)).get(found)


async def _lines(rows: Sequence[asyncpg.Record], speaks: Tongue, around: Frame) -> list[dict[str, Any]]:
    who = await people([row["member_id"] for row in rows], speaks)
    campaigns = await campaigns_named([code for row in rows if (code := campaign_of(row["purpose"]))])
    return [_line(row, who.get(row["member_id"]), campaigns, speaks, around) for row in rows]


def _line(
    row: asyncpg.Record, who: Person | None, campaigns: Mapping[str, Any], speaks: Tongue, around: Frame
) -> dict[str, Any]:
    channel, state = row["channel"], row["state"]
    return {
        "who": who,
        "member_id": row["member_id"],
        "channel": speaks.say(CHANNELS[channel]),
        "what_for": what_for(row["purpose"], campaigns, speaks),
        "campaign": campaigns.get(campaign_of(row["purpose"]) or "", {}).get("id"),
        "marketing": row["marketing"],
        "state": speaks.say(STATES[state]),
        "tone": TONES[state],
        "why": why(dict(row), speaks),
        "at": speaks.moment(row["changed_at"], around.timezone),
    }


async def _purposes(speaks: Tongue, chosen: str) -> list[tuple[str, str]]:
    """What messages were for: campaigns, what ran last comes first, then what else asks for them."""
    told = [(purpose_of(one["code"]), named(one["names"], speaks)) for one in await campaigns_that_told(_CAMPAIGNS)]
    known = [("", speaks.say("For everything")), *told, *_said(PURPOSES, speaks)]
    return known if any(value == chosen for value, _ in known) else [*known, (chosen, chosen)]


def _said(names: Mapping[str, str], speaks: Tongue) -> list[tuple[str, str]]:
    return [(code, speaks.say(text)) for code, text in names.items()]


HANDLERS = [show]

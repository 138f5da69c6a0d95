"""`/coupons`: what there is to give, how much of it is out, and the way to one by its number."""

from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import get

from saas.errors import DomainError, FieldError
from saas.i18n import Tongue
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from tenants.coupons.coupon import newest_coupons, shown
from tenants.coupons.given import State, tallies
from tenants.coupons.held import held
from tenants.coupons.numbers import read_number
from tenants.frame import Frame, frame
from tenants.offers.asking import READ, Answer, Asked, answer, refused, speaks_of
from tenants.offers.coupon_pages.words import Words, named
from tenants.offers.typed import Told

HOME: Final = "/coupons"
_SHOWN: Final = 30
_COUNTED: Final = 10_000


@get(HOME, opt=READ, include_in_schema=False)
async def coupons(request: Asked) -> Answer:
    """Those that are given, or those that have ended (`state=ended`), the newest first."""
    return await _page(request, await frame())


@get(f"{HOME}/find", opt=READ, include_in_schema=False)
async def find(request: Asked) -> Answer:
    """Opens the coupon of a printed number; says beside the field where there is none."""
    number = request.query_params.get("number", "").strip()
    if not number:
        return see_other(HOME)
    try:
        row = await held(_read(number))
    except DomainError as error:
        if error.code == "not-found":
            error = DomainError("unknown-coupon", errors=[FieldError("/number", "unknown-coupon")])
        around = await frame()
        return await _page(request, around, refused(request, error, around, ("number",)), number)
    return see_other(f"{HOME}/grants/{row['id']}")


def _read(number: str) -> str:
    try:
        return read_number(number)
    except ValueError:
        raise DomainError("validation-failed", errors=[FieldError("/number", "mistyped-number")]) from None


async def _page(request: Asked, around: Frame, problem: Told | None = None, number: str = "") -> Answer:
    speaks, ended = speaks_of(request), request.query_params.get("state") == "ended"
    cursor = request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows = await newest_coupons(before, _SHOWN + 1, ended=ended)
    counted = await tallies([row["id"] for row in rows[:_SHOWN]], _COUNTED)
    words, state = Words(speaks, around.currency), "&state=ended" if ended else ""
    after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    context = {
        "lines": [_line(row, counted[row["id"]], words, speaks) for row in rows[:_SHOWN]],
        "ended": ended,
        "number": number,
        "views": [
            (HOME, speaks.say("To give"), not ended),
            (f"{HOME}?state=ended", speaks.say("Ended"), ended),
        ],
        "first": f"{HOME}{'?state=ended' if ended else ''}" if cursor else None,
        "following": f"{HOME}?cursor={after}{state}" if after else None,
    }
    return await answer(request, "coupon_pages/coupons.html", context, problem, around=around)


def _line(row: asyncpg.Record, counted: dict[State, int], words: Words, speaks: Tongue) -> dict[str, Any]:
    coupon, given = shown(row), sum(counted.values())
    return {
        "id": coupon["id"],
        "name": named(coupon["names"], speaks),
        "code": coupon["code"],
        "value": words.value(coupon),
        "conditions": words.conditions(coupon),
        "days": words.days(coupon),
        "given": words.count(given, _COUNTED),
        "open": words.count(counted["open"], _COUNTED),
        "used": words.count(counted["used"], _COUNTED),
        "share": speaks.percent(counted["used"], given) if given <= _COUNTED else "",
    }


HANDLERS = [coupons, find]

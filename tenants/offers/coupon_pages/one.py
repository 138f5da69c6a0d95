"""`/coupons/{id}`: what one promises, what became of those given, and giving more."""

from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import FromPath

from saas.i18n import Tongue
from saas.paging import decode_cursor, encode_cursor
from saas.scope import current
from tenants.coupons.bodies import MOST
from tenants.coupons.coupon import Definition, coupon, shown
from tenants.coupons.given import COUNTED, STATES, State, given, tallies
from tenants.frame import Frame, frame
from tenants.nightly import this_night
from tenants.offers.asking import READ, Answer, Asked, answer, speaks_of
from tenants.offers.coupon_pages.editing import ONE
from tenants.offers.coupon_pages.words import OCCASIONS, Words, grouped, named, tone
from tenants.offers.coupon_pages.words import STATES as STATE_NAMES
from tenants.offers.places import chosen, own_branches
from tenants.offers.typed import Told, new_act
from tenants.offers.whom import Person, people
from tenants.segments.segment import segments

_SHOWN: Final = 30
_SEGMENTS: Final = 200


@get(ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, coupon_id: FromPath[UUID]) -> Answer:
    return await coupon_page(request, await frame(), coupon_id)


async def coupon_page(
    request: Asked, around: Frame, coupon_id: UUID, problem: Told | None = None, form: dict[str, str] | None = None
) -> Answer:
    """The coupon's page, also where something that was sent from it is refused."""
    row, speaks = await coupon(coupon_id), speaks_of(request)
    counts = (await tallies([coupon_id]))[coupon_id]
    words, kept = Words(speaks, around.currency), shown(row)
    places = await own_branches()
    context = {
        "coupon": kept,
        "title": named(kept["names"], speaks),
        "value": words.value(kept),
        "facts": _facts(kept, words, speaks),
        "given": words.count(sum(counts.values()), COUNTED),
        "counts": [
            (STATE_NAMES[state], words.count(counts[state], COUNTED), speaks.percent(counts[state], _all(counts)))
            for state in STATES
        ],
        "over": Definition.of(row).days((await this_night()).today) is None,
        "form": form or {"branch_id": chosen(request, places)},
        "act": new_act(),
        "branches": [("", "—"), *((str(place["id"]), place["name"]) for place in places)],
        "segments": [(one["code"], named(one["names"], speaks)) for one in await segments(None, _SEGMENTS)],
        "most": MOST,
        "may_many": current().principal.role != "clerk",
        "job": _job(request),
        **await _given(request, coupon_id, speaks, around),
    }
    return await answer(request, "coupon_pages/coupon.html", context, problem, around=around)


def _all(counts: dict[State, int]) -> int:
    return sum(counts.values())


def _facts(kept: dict[str, Any], words: Words, speaks: Tongue) -> list[tuple[str, str]]:
    say = speaks.say
    conditions = words.conditions(kept)
    return [
        (say("Takes off"), words.value(kept)),
        (say("Conditions"), say("; ").join(conditions) if conditions else say("none")),
        (say("Holds for"), words.days(kept)),
        (say("Goes with"), words.beside(kept)),
        (say("Code"), kept["code"]),
    ]


def _job(request: Asked) -> UUID | None:
    try:
        return UUID(request.query_params.get("job", ""))
    except ValueError:
        return None


async def _given(request: Asked, coupon_id: UUID, speaks: Tongue, around: Frame) -> dict[str, Any]:
    """A page of those given, with who has them."""
    state, cursor = request.query_params.get("state"), request.query_params.get("cursor")
    wanted = cast("State", state) if state in STATES else None
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows = await given(coupon_id, wanted, _SHOWN, before)
    who = await people([row["member_id"] for row in rows if row["member_id"] is not None], speaks)
    here, only = f"/coupons/{coupon_id}", f"state={wanted}" if wanted else ""
    after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    return {
        "lines": [
            _line(row, who.get(row["member_id"]), OCCASIONS[row["occasion"]], speaks, around) for row in rows[:_SHOWN]
        ],
        "views": [
            (f"{here}#given", speaks.say("All"), wanted is None),
            *((f"{here}?state={each}#given", speaks.say(STATE_NAMES[each]), wanted == each) for each in STATES),
        ],
        "first": f"{here}?{only}#given" if cursor else None,
        "following": f"{here}?{'&'.join(part for part in (only, f'cursor={after}') if part)}#given" if after else None,
    }


def _line(row: asyncpg.Record, who: Person | None, occasion: str, speaks: Tongue, around: Frame) -> dict[str, Any]:
    state = _state(row)
    return {
        "id": row["id"],
        "who": who,
        "number": grouped(row["number"]) if row["number"] else None,
        "sheet": row["source_id"] if row["number"] and not who else None,
        "occasion": speaks.say(occasion),
        "state": speaks.say(STATE_NAMES[state]),
        "tone": tone(state),
        "until": speaks.day(row["valid_until"]),
        "at": speaks.moment(row["granted_at"], around.timezone),
    }


def _state(row: asyncpg.Record) -> str:
    """Today's: one whose last day is over is called expired before the night has written it."""
    return "expired" if row["state"] == "open" and row["valid_until"] < row["today"] else str(row["state"])


HANDLERS = [one]

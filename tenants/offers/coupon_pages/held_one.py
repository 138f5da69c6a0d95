"""`/coupons/grants/{id}`: one coupon in somebody's hand: whether it holds, what happened to it, and ending it."""

from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.i18n import Tongue
from saas.pages import see_other
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.coupons.bodies import RedeemBody, VoidBody
from tenants.coupons.held import by_id, shown
from tenants.coupons.using import redeem, void
from tenants.frame import Frame, frame
from tenants.offers.asking import GIVE, READ, USE, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.words import ENTRIES, OCCASIONS, STATES, Words, grouped, named, tone
from tenants.offers.places import chosen, own_branches
from tenants.offers.typed import Told, new_act
from tenants.offers.whom import people

_ONE: Final = "/coupons/grants/{grant_id:uuid}"
_FIELDS: Final = ("branch_id", "amount", "reason")
_SIGNS: Final = {
    "grant": "gift",
    "use": "check",
    "return": "undo-2",
    "undo_use": "undo-2",
    "void": "ban",
    "expire": "clock",
}
_HAPPENED: Final = """
SELECT e.kind, e.recorded_at, e.amount, e.reason, b.name AS branch, f.name AS staff
  FROM coupon_entry e LEFT JOIN branch b ON b.tenant_id = $1 AND b.id = e.branch_id
  LEFT JOIN staff f ON f.tenant_id = $1 AND 'staff:' || f.id = e.actor
 WHERE e.tenant_id = $1 AND e.grant_id = $2 ORDER BY e.id DESC"""


@get(_ONE, opt=READ, include_in_schema=False)
async def held_coupon(request: Asked, grant_id: FromPath[UUID]) -> Answer:
    return await _page(request, await frame(), grant_id)


@post(f"{_ONE}/redeem", opt=USE, include_in_schema=False)
async def use(request: Asked, grant_id: FromPath[UUID]) -> Answer:
    """Used up without a purchase of ours: the till took its value off by itself. Once, however often it is sent."""
    form, _, around = await form_of(request)
    await _existing(grant_id)
    try:
        asked = typed(form, around)
        wanted = {
            "grant_id": str(grant_id),
            "branch_id": asked.text("branch_id"),
            "amount": asked.money("amount"),
            "external_id": asked.text("act"),
        }
        if wanted["branch_id"] is None:
            asked.missing("branch_id")
        await redeem(asked.body(RedeemBody, {name: value for name, value in wanted.items() if value is not None}))
    except DomainError as error:
        return await _page(request, around, grant_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"/coupons/grants/{grant_id}?done=used")


@post(f"{_ONE}/void", opt=GIVE, include_in_schema=False)
async def take_back(request: Asked, grant_id: FromPath[UUID]) -> Answer:
    """Nobody can use it any more; the reason stays with it."""
    form, _, around = await form_of(request)
    await _existing(grant_id)
    try:
        body = parse_item(VoidBody, {"reason": form.get("reason", "").strip()})
        await void(str(grant_id), body.reason)
    except DomainError as error:
        return await _page(request, around, grant_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"/coupons/grants/{grant_id}?done=void")


async def _existing(grant_id: UUID) -> asyncpg.Record:
    row = await by_id(grant_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def _page(
    request: Asked, around: Frame, grant_id: UUID, problem: Told | None = None, form: dict[str, str] | None = None
) -> Answer:
    row, speaks = await _existing(grant_id), speaks_of(request)
    held, words, places = shown(row), Words(speaks, around.currency), await own_branches()
    who = await people([row["member_id"]], speaks) if row["member_id"] else {}
    state = held["state"]
    waits = state == "open" and row["valid_from"] > row["today"]
    context = {
        "held": held,
        "title": named(held["coupon"]["names"], speaks),
        "value": words.value(held),
        "number": grouped(row["number"]) if row["number"] else None,
        "who": who.get(row["member_id"]),
        "state": speaks.say(STATES[state]),
        "tone": tone(state),
        "waits": speaks.day(row["valid_from"]) if waits else None,
        "facts": _facts(held, words, speaks),
        "events": await _events(grant_id, words, speaks, around),
        "branches": [("", "—"), *((str(place["id"]), place["name"]) for place in places)],
        "form": {"branch_id": chosen(request, places), **(form or {})},
        "act": new_act(),
    }
    return await answer(request, "coupon_pages/held.html", context, problem, around=around)


def _facts(held: dict[str, Any], words: Words, speaks: Tongue) -> list[tuple[str, str]]:
    conditions, came = words.conditions(held), OCCASIONS[held["occasion"]]
    return [
        (speaks.say("Takes off"), words.value(held)),
        (speaks.say("Conditions"), speaks.say("; ").join(conditions) if conditions else speaks.say("none")),
        (speaks.say("Holds"), words.span(held["valid_from"], held["valid_until"])),
        (speaks.say("Goes with"), words.beside(held)),
        (speaks.say("Came"), speaks.say(came)),
    ]


async def _events(grant_id: UUID, words: Words, speaks: Tongue, around: Frame) -> list[dict[str, Any]]:
    rows = await connection().fetch(_HAPPENED, current().tenant_id, grant_id)
    return [_event(row, ENTRIES[row["kind"]], words, speaks, around) for row in rows]


def _event(row: asyncpg.Record, title: str, words: Words, speaks: Tongue, around: Frame) -> dict[str, Any]:
    lines = (
        words.money(row["amount"]) if row["amount"] is not None else None,
        " · ".join(part for part in (row["branch"], row["staff"]) if part),
        row["reason"],
    )
    return {
        "sign": _SIGNS[row["kind"]],
        "tone": "sale" if row["kind"] == "use" else "",
        "title": speaks.say(title),
        "lines": [line for line in lines if line],
        "instant": row["recorded_at"].isoformat(),
        "at": speaks.moment(row["recorded_at"], around.timezone),
    }


HANDLERS = [held_coupon, use, take_back]

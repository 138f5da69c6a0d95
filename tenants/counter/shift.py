"""`/counter/shift`: what the clerk took since the last hand-over, the cash counted, and who goes on."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.field_types import parse_rfc3339
from saas.forms import Told, texts_of, told
from saas.i18n import Tongue
from saas.pages import reader_of, render_page, see_other
from tenants.counter.acting import READ, WRITE, AnyRequest, Form, scope_of, written
from tenants.counter.home import HOME, shell
from tenants.counter.numbers import amount_of, id_of
from tenants.counter.place import branch_meant, place_of
from tenants.frame import Frame, frame
from tenants.shifts.handover import colleagues, hand_over, handed_to_me, handover, lately, open_shift, receive
from tenants.shifts.report import KINDS, in_order
from tenants.shifts.words import KIND_NAMES, tender_name

_SHIFT: Final = f"{HOME}/shift"
_LATELY: Final = 8
_LONGEST_NOTE: Final = 500


@get(_SHIFT, opt=READ, include_in_schema=False)
async def shift(request: AnyRequest) -> Response[Any]:
    """The shift so far, and the form that signs it off."""
    return await _page(request, {})


@post(_SHIFT, opt=WRITE, include_in_schema=False)
async def sign_off(request: AnyRequest) -> Response[Any]:
    """Signs it off; the sheet follows."""
    form = await texts_of(request)
    try:
        made = await written(request, lambda: _sign_off(request, form))
    except DomainError as error:
        async with scope_of(request):
            return await _page(request, form, told(request, error))
    return see_other(f"{HOME}/shifts/{made}")


@get(f"{HOME}/shifts/{{handover_id:uuid}}", opt=READ, include_in_schema=False)
async def sheet(request: AnyRequest, handover_id: FromPath[UUID]) -> Response[Any]:
    """One that was signed, to read and to print."""
    around, place, speaks = await frame(), await place_of(request), reader_of(request).tongue
    row = await handover(handover_id)
    context = {**await shell(around, place), **_signed(row, around, speaks)}
    return render_page(request, "counter/shift_sheet.html", context)


@post(f"{HOME}/shifts/{{handover_id:uuid}}", opt=WRITE, include_in_schema=False)
async def take_over(request: AnyRequest, handover_id: FromPath[UUID]) -> Response[Any]:
    """Who goes on has counted, too."""
    await written(request, lambda: receive(handover_id))
    return see_other(f"{HOME}/shifts/{handover_id}")


async def _sign_off(request: AnyRequest, form: Form) -> UUID:
    around, branch_id = await frame(), await branch_meant(request, form)
    try:
        until: datetime = parse_rfc3339(form.get("until", ""))
    except InvalidValueError:
        raise DomainError("validation-failed", errors=[FieldError("/until", "invalid-datetime")]) from None
    counted = _money(form, "counted", around.currency, needed=True)
    kept = _money(form, "change_kept", around.currency)
    note = form.get("note", "").strip()
    if len(note) > _LONGEST_NOTE:
        raise DomainError("validation-failed", errors=[FieldError("/note", "too-long", {"max": _LONGEST_NOTE})])
    next_id = id_of(form["next_id"], "next_id") if form.get("next_id") else None
    made: UUID = (await hand_over(branch_id, until, counted, kept, note or None, next_id))["id"]
    return made


def _money(form: Form, name: str, currency: str, *, needed: bool = False) -> int:
    """An empty drawer is an amount, too."""
    text = form.get(name, "").strip()
    return amount_of(text, currency, name, least=0) if text or needed else 0


async def _page(request: AnyRequest, form: Form, problem: Told | None = None) -> Response[Any]:
    around, place, speaks = await frame(), await place_of(request), reader_of(request).tongue
    context: dict[str, Any] = {
        **await shell(around, place),
        "form": form,
        "problem": problem,
        "wrong": problem.fields if problem else {},
    }
    if place.branch_id is not None:
        going = await open_shift(place.branch_id)
        sums = [(kind, going.shift.sums[kind]) for kind in KINDS]
        sums += [(f"undone_{kind}", each) for kind, each in going.shift.undone.items()]
        context |= {
            "since": speaks.moment(going.span.first, around.timezone),
            "until": going.span.end.isoformat(),
            "sums": [(speaks.say(KIND_NAMES[kind]), each.count, each.amount) for kind, each in sums if each.count],
            "takings": [(tender_name(way, speaks), amount) for way, amount in in_order(going.shift.takings)],
            "cash": going.cash,
            "colleagues": [(str(row["id"]), row["name"]) for row in await colleagues(place.branch_id)],
            "waiting": [_signed(row, around, speaks) for row in await handed_to_me()],
            "before": [_signed(row, around, speaks) for row in await lately(place.branch_id, _LATELY)],
        }
    return render_page(request, "counter/shift.html", context, status=problem.status if problem else 200)


def _signed(row: asyncpg.Record, around: Frame, speaks: Tongue) -> dict[str, Any]:
    """A signed one in words; money in minor units."""
    zone = around.timezone
    return {
        "id": row["id"],
        "branch": row["branch"],
        "clerk": row["clerk"],
        "next": row["next"],
        "since": speaks.moment(row["from_at"], zone),
        "to": speaks.moment(row["to_at"], zone),
        "received": speaks.moment(row["received_at"], zone) if row["received_at"] else None,
        "sums": [(speaks.say(KIND_NAMES[kind]), one["count"], one["amount"]) for kind, one in _ordered(row["sums"])],
        "takings": [(tender_name(way, speaks), amount) for way, amount in row["takings"]],
        "change_kept": row["change_kept"],
        "expected": row["expected"],
        "counted": row["counted"],
        "difference": row["counted"] - row["expected"],
        "note": row["note"],
    }


def _ordered(sums: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(kind, sums[kind]) for kind in KIND_NAMES if kind in sums]


HANDLERS = [shift, sign_off, sheet, take_over]

"""All pages about passes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.forms import texts_of
from saas.i18n import Tongue, n_
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.approvals.asking import ASKS, approved, scope_of
from tenants.approvals.giving import who_may_approve
from tenants.frame import Frame, frame
from tenants.members.existing import require_member
from tenants.offers.asking import READ, SELL, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.places import chosen, own_branches
from tenants.offers.typed import Told, act_of, new_act
from tenants.offers.whom import Person, meant, people
from tenants.passes.bodies import PassBody, RefundBody, UndoBody, UseBody
from tenants.passes.reading import entries_of, pass_out, pass_row, passes_of, passes_with_uses
from tenants.passes.record import refund_pass, sell_pass, undo_use, use_pass

HOME: Final = "/passes"
_NEW: Final = f"{HOME}/new"
_ONE: Final = f"{HOME}/{{pass_id:uuid}}"
_SHOWN: Final = 30
_ENTRIES: Final = 50
_FIELDS: Final = ("who", "branch_id", "product", "uses", "price", "valid_until", "count", "reason", "tender")
_STATES: Final = {"open": n_("To be used"), "used_up": n_("Used up"), "ended": n_("Ended")}
_TONES: Final = {"open": "tone-6", "used_up": "tone-0", "ended": "tone-3"}
_KINDS: Final = {"sell": n_("Sold"), "use": n_("Used"), "undo_use": n_("Use taken back"), "refund": n_("Paid back")}
_SIGNS: Final = {"sell": "ticket-check", "use": "check", "undo_use": "undo-2", "refund": "banknote"}
TENDERS: Final = {
    "cash": n_("Cash"),
    "card": n_("Bank card"),
    "wechat": n_("WeChat Pay"),
    "alipay": n_("Alipay"),
}
_STAFF: Final = "SELECT 'staff:' || f.id AS actor, f.name FROM staff f WHERE f.tenant_id = $1"


@get(HOME, opt=READ, include_in_schema=False)
async def passes(request: Asked) -> Answer:
    """Those with visits left, the newest first; with `q` all of who is meant."""
    speaks, around = speaks_of(request), await frame()
    q, cursor = request.query_params.get("q", "").strip(), request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows: list[asyncpg.Record] = []
    if q:
        for person in [person for one in await meant([q], speaks) for person in one.people]:
            rows += (await passes_of(await require_member(person.id), _SHOWN, None))[:_SHOWN]
    else:
        rows = await passes_with_uses(_SHOWN, before)
    who = await people([row["member_id"] for row in rows], speaks)
    after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN and not q else None
    context = {
        "lines": [_line(row, who.get(row["member_id"]), speaks) for row in (rows if q else rows[:_SHOWN])],
        "q": q,
        "first": HOME if cursor else None,
        "following": f"{HOME}?cursor={after}" if after else None,
    }
    return await answer(request, "pass_pages/passes.html", context, around=around)


def _line(row: asyncpg.Record, who: Person | None, speaks: Tongue) -> dict[str, Any]:
    shown = pass_out(row)
    state: str = _STATES[shown["state"]]
    return {
        **shown,
        "who": who,
        "until": speaks.day(shown["valid_until"]),
        "state_name": speaks.say(state),
        "tone": _TONES[shown["state"]],
    }


@get(_NEW, opt=SELL, include_in_schema=False)
async def new(request: Asked) -> Answer:
    return await _form(request, await frame(), {"who": request.query_params.get("who", "")})


@post(_NEW, opt=SELL, include_in_schema=False)
async def sell(request: Asked) -> Answer:
    """Sold once, however often it is sent: the form has a number of its own."""
    form, _, around = await form_of(request)
    try:
        asked, act = typed(form, around), act_of(form)
        whole = {name: asked.whole(name) for name in ("uses",)}
        price = asked.money("price")
        plain = {name: asked.plain(name) for name in ("branch_id", "valid_until")}
        values = {**whole, **plain, "price": price, "product": asked.text("product")}
        for name, value in values.items():
            if value is None:
                asked.missing(name)
        member = await _who(request, asked.listed("who")[:1])
        tender = form.get("tender", "")
        paid = {"tenders": [{"type": tender, "amount": price}]} if tender and price else {}
        body = asked.body(PassBody, {"member_id": str(member), "external_id": f"page-{act}", **values, **paid})
        written = await sell_pass(body)
    except DomainError as error:
        return await _form(request, around, form, refused(request, error, around, _FIELDS))
    return see_other(f"{HOME}/{written.row['id']}?done=sold")


async def _who(request: Asked, lines: list[str]) -> UUID:
    """Raises DomainError `validation-failed` at `/who` unless one active member alone is meant."""
    found = await meant(lines, speaks_of(request))
    if not found:
        raise DomainError("validation-failed", errors=[FieldError("/who", "required")])
    if not found[0].sure:
        code = "phone-shared" if len(found[0].people) > 1 else "unknown-member"
        raise DomainError("validation-failed", errors=[FieldError("/who", code)])
    return found[0].people[0].id


async def _form(request: Asked, around: Frame, form: dict[str, str], problem: Told | None = None) -> Answer:
    places, speaks = await own_branches(), speaks_of(request)
    context = {
        "form": {"branch_id": chosen(request, places), **form},
        "act": form.get("act") or new_act(),
        "branches": [("", "—"), *((str(place["id"]), place["name"]) for place in places)],
        "tenders": [("", "—"), *((code, speaks.say(name)) for code, name in TENDERS.items())],
    }
    return await answer(request, "pass_pages/form.html", context, problem, around=around)


@get(_ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, pass_id: FromPath[UUID]) -> Answer:
    return await _page(request, await frame(), pass_id)


@post(f"{_ONE}/use", opt=SELL, include_in_schema=False)
async def use(request: Asked, pass_id: FromPath[UUID]) -> Answer:
    """One visit or several; once, however often it is sent."""
    form, _, around = await form_of(request)
    await pass_row(pass_id)
    try:
        asked = typed(form, around)
        values = {"branch_id": asked.plain("branch_id"), "count": asked.whole("count") or 1}
        if values["branch_id"] is None:
            asked.missing("branch_id")
        await use_pass(pass_id, asked.body(UseBody, {**values, "external_id": f"page-{act_of(form)}"}))
    except DomainError as error:
        return await _page(request, around, pass_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"{HOME}/{pass_id}?done=used")


@post(f"{_ONE}/undo", opt=SELL, include_in_schema=False)
async def undo(request: Asked, pass_id: FromPath[UUID]) -> Answer:
    """A use that wasn't one, by who entered it, within fifteen minutes."""
    form, _, around = await form_of(request)
    await pass_row(pass_id)
    try:
        await undo_use(pass_id, typed(form, around).body(UndoBody, {"entry_id": form.get("entry_id", "")}))
    except DomainError as error:
        return await _page(request, around, pass_id, refused(request, error, around, _FIELDS), form)
    return see_other(f"{HOME}/{pass_id}?done=undone")


@post(f"{_ONE}/refund", opt={**SELL, "scoped": False}, include_in_schema=False)
async def refund(request: Asked, pass_id: FromPath[UUID]) -> Answer:
    """Visits that are left are paid back pro rata; all of them where none are named. Beyond what a clerk may pay out
    alone somebody above approves, on the same page.
    """
    form = await texts_of(request)

    async def work() -> None:
        await pass_row(pass_id)
        asked = typed(form, await frame())
        values = {
            "branch_id": asked.plain("branch_id"),
            "uses": asked.whole("uses"),
            "tender": asked.plain("tender"),
            "reason": asked.text("reason"),
            "external_id": f"page-{act_of(form)}",
        }
        if values["branch_id"] is None:
            asked.missing("branch_id")
        given = {name: value for name, value in values.items() if value is not None}
        await refund_pass(pass_id, asked.body(RefundBody, given))

    try:
        await approved(request, form, work)
    except DomainError as error:
        async with scope_of(request):
            around = await frame()
            approvers = await who_may_approve() if error.code in ASKS else None
            problem = refused(request, error, around, _FIELDS)
            return await _page(request, around, pass_id, problem, form, refunding=True, approvers=approvers)
    return see_other(f"{HOME}/{pass_id}?done=refunded")


async def _page(
    request: Asked,
    around: Frame,
    pass_id: UUID,
    problem: Told | None = None,
    form: dict[str, str] | None = None,
    *,
    refunding: bool = False,
    approvers: Sequence[Mapping[str, Any]] | None = None,
) -> Answer:
    """`refunding`: what was sent and refused was a refund, whose form is open then."""
    row, speaks, places = await pass_row(pass_id), speaks_of(request), await own_branches()
    who = (await people([row["member_id"]], speaks)).get(row["member_id"])
    staff = {one["actor"]: one["name"] for one in await connection().fetch(_STAFF, current().tenant_id)}
    entries = await entries_of(pass_id, _ENTRIES, None)
    undone = {entry["source_id"] for entry in entries if entry["kind"] == "undo_use"}
    mine = current().principal.actor
    context = {
        "kept": _line(row, who, speaks),
        "events": [_event(entry, _KINDS[entry["kind"]], staff, speaks, around) for entry in entries[:_ENTRIES]],
        "undoable": next(
            (
                entry["id"]
                for entry in entries
                if entry["kind"] == "use" and entry["actor"] == mine and entry["id"] not in undone
            ),
            None,
        ),
        "form": {"branch_id": chosen(request, places), "count": "1", **(form or {})},
        "act": new_act(),
        "branches": [("", "—"), *((str(place["id"]), place["name"]) for place in places)],
        "tenders": [("", "—"), *((code, speaks.say(name)) for code, name in TENDERS.items())],
        "refunding": refunding,
        "approvers": approvers,
    }
    return await answer(request, "pass_pages/pass.html", context, problem, around=around)


def _event(entry: asyncpg.Record, title: str, staff: dict[str, str], speaks: Tongue, around: Frame) -> dict[str, Any]:
    lines = (
        speaks.plural("%(n)s visit", "%(n)s visits", abs(entry["uses"])),
        speaks.money(entry["amount"], around.currency) if entry["amount"] else None,
        staff.get(entry["actor"]),
        entry["reason"],
    )
    return {
        "sign": _SIGNS[entry["kind"]],
        "tone": "sale" if entry["kind"] == "use" else "",
        "title": speaks.say(title),
        "lines": [line for line in lines if line],
        "instant": entry["recorded_at"].isoformat(),
        "at": speaks.moment(entry["recorded_at"], around.timezone),
    }


HANDLERS = [passes, new, sell, one, use, undo, refund]

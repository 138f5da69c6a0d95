"""The way back: a clerk takes its own last entry back, a reversal that stays to be seen; older ones are given back."""

import json
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.pages import reader_of, render_page, see_other
from saas.scope import connection, current
from saas.validation import parse_body
from tenants.allowances.use import undo_use as undo_allowance
from tenants.approvals.giving import who_may_approve
from tenants.counter.acting import ASKS, READ, WRITE, AnyRequest, Form, approved, require, scope_of, written
from tenants.counter.entries import WITHIN, tenders_in_words
from tenants.counter.home import HOME, page_of, shell
from tenants.counter.numbers import amount_of, id_of, new_number
from tenants.counter.outcome import outcome
from tenants.counter.place import place_of
from tenants.frame import frame
from tenants.passes.bodies import UndoBody as PassUndoBody
from tenants.passes.record import undo_use as undo_pass_use
from tenants.programme.windows import local_day
from tenants.refunds.bodies import RefundBody
from tenants.refunds.bought import find
from tenants.refunds.history import refunds_of
from tenants.refunds.record import record_refund
from tenants.rewards.claim import cancel
from tenants.shifts.handover import require_not_signed
from tenants.undo.bodies import UndoBody
from tenants.undo.purchases import undo_purchase
from tenants.undo.top_ups import undo_top_up

_OF_USE: Final = "SELECT e.pass_id FROM pass_entry e WHERE e.tenant_id = $1 AND e.id = $2 AND e.kind = 'use'"
_MOST: Final = 20
_ALLOWANCE: Final = (
    "SELECT l.member_id, l.product, l.actor, l.recorded_at FROM allowance_use l WHERE l.tenant_id = $1 AND l.id = $2"
)
_RECORDED: Final = "SELECT f.branch_id, f.recorded_at FROM {table} f WHERE f.tenant_id = $1 AND f.id = $2"


@post(f"{HOME}/undo", opt=WRITE, include_in_schema=False)
async def undo(request: AnyRequest) -> Response[Any]:
    """Takes an entry back; to a till that follows, the outcome stays on screen, struck out."""
    form = await texts_of(request)
    kind, entry_id = form.get("kind", ""), id_of(form.get("id", ""), "id")
    try:
        await written(request, lambda: _undo(kind, entry_id))
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _refused(request, told(request, error))
    shown = f"?entry={kind}:{entry_id}" if kind in {"purchase", "top_up"} else "?said=undone"
    return see_other(f"{HOME}{shown}")


async def _undo(kind: str, entry_id: UUID) -> None:
    """Raises DomainError `not-found`, and as what is undone does."""
    if kind == "purchase":
        await undo_purchase(entry_id, UndoBody())
        await _require_open_shift("purchase", entry_id)
    elif kind == "top_up":
        require("wallet:write")
        await undo_top_up(entry_id, UndoBody())
        await _require_open_shift("top_up", entry_id)
    elif kind == "pass_use":
        require("wallet:write")
        pass_id = await connection().fetchval(_OF_USE, current().tenant_id, entry_id)
        if pass_id is None:
            raise DomainError("not-found")
        await undo_pass_use(pass_id, PassUndoBody(entry_id=entry_id))
    elif kind == "allowance":
        row = await connection().fetchrow(_ALLOWANCE, current().tenant_id, entry_id)
        if row is None:
            raise DomainError("not-found")
        if row["actor"] != current().principal.actor:
            raise DomainError("undo-not-yours")
        if await tenant_now() - row["recorded_at"] > WITHIN:
            raise DomainError("undo-too-late", params={"minutes": WITHIN // timedelta(minutes=1)})
        await undo_allowance(row["member_id"], row["product"], entry_id)
    elif kind == "claim":
        require("points:write")
        await cancel(entry_id)
    else:
        raise DomainError("not-found")


async def _require_open_shift(table: Literal["purchase", "top_up"], entry_id: UUID) -> None:
    """Raises DomainError `undo-handed-over`: then nothing of the undo lasts."""
    row: Any = await connection().fetchrow(_RECORDED.format(table=table), current().tenant_id, entry_id)
    await require_not_signed(row["branch_id"], row["recorded_at"])


async def _refused(request: AnyRequest, problem: Told) -> Response[Any]:
    async with scope_of(request):
        return await page_of(request, problem=problem)


@get(f"{HOME}/refunds/{{purchase_id:uuid}}", opt=READ, include_in_schema=False)
async def refunding(request: AnyRequest, purchase_id: FromPath[UUID]) -> Response[Any]:
    """What was bought, and how much of it is to be given back."""
    return await _refund_page(request, purchase_id, {})


@post(f"{HOME}/refunds/{{purchase_id:uuid}}", opt=WRITE, include_in_schema=False)
async def refund(request: AnyRequest, purchase_id: FromPath[UUID]) -> Response[Any]:
    """Gives all or a part back, the way it was paid."""
    form = await texts_of(request)
    try:
        await approved(request, form, lambda: _refund(purchase_id, form))
    except DomainError as error:
        if error.code == "not-found":
            raise
        async with scope_of(request):
            approvers = await who_may_approve() if error.code in ASKS else None
            return await _refund_page(request, purchase_id, form, told(request, error), approvers)
    return see_other(f"{HOME}/refunds/{purchase_id}")


async def _refund(purchase_id: UUID, form: Form) -> UUID:
    around = await frame()
    sent = {
        "external_id": form.get("number", ""),
        "amount": amount_of(form.get("amount", ""), around.currency),
        "reason": form.get("reason", "").strip() or None,
    }
    body = parse_body(RefundBody, json.dumps({k: v for k, v in sent.items() if v is not None}).encode())
    made, _ = await record_refund(purchase_id, body)
    return made.id


async def _refund_page(
    request: AnyRequest,
    purchase_id: UUID,
    form: Form,
    problem: Told | None = None,
    approvers: list[dict[str, Any]] | None = None,
) -> Response[Any]:
    around, place, speaks = await frame(), await place_of(request), reader_of(request).tongue
    sale = await outcome("purchase", purchase_id, around, speaks)
    bought = (await find([purchase_id]))[purchase_id]
    context = {
        **await shell(around, place),
        "sale": sale,
        "left": bought.left,
        "form": form,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "approvers": approvers,
        "number": form.get("number") or new_number(local_day(await tenant_now(), around.timezone)),
        "refunds": [
            (speaks.moment(one.recorded_at, around.timezone), one.amount, tenders_in_words(one.tenders, speaks))
            for one in (await refunds_of(purchase_id, _MOST, None))[:_MOST]
        ],
    }
    return render_page(request, "counter/refund.html", context, status=problem.status if problem else 200)


HANDLERS = [undo, refunding, refund]

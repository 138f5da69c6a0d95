"""What else a till does with a member: top up, spend and move points, rewards, passes, visits, cards. One form
each; the number in it is the entry's own, so that the same form sent twice does it once.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.forms import texts_of, told
from saas.pages import render_page, see_other
from saas.principal import KeyScope
from saas.validation import parse_body
from tenants.activities.bodies import ActivityBody
from tenants.activities.record import record_activity
from tenants.allowances.bodies import UseBody as AllowanceBody
from tenants.allowances.use import use as use_allowance
from tenants.approvals.giving import who_may_approve
from tenants.cards.api import NewCard, Replacement
from tenants.cards.card import card_row, issue, replace_card, report_lost
from tenants.confirming.asking import code_by_sms
from tenants.counter.acting import ASKS, WRITE, AnyRequest, Form, approved, require, scope_of
from tenants.counter.basket import tender_of
from tenants.counter.desk import DESK, desk_context
from tenants.counter.holdings import SAID
from tenants.counter.home import HOME
from tenants.counter.numbers import amount_of, id_of, points_of
from tenants.counter.once import once
from tenants.counter.place import branch_meant
from tenants.frame import frame
from tenants.members.existing import require_member
from tenants.passes.bodies import PassBody, UseBody
from tenants.passes.reading import pass_row
from tenants.passes.record import sell_pass, use_pass
from tenants.points.acts import adjust, redeem
from tenants.points.bodies import AdjustBody, RedeemBody
from tenants.rewards.bodies import ClaimBody
from tenants.rewards.claim import claim, claims_of_member, collect
from tenants.top_ups.bodies import TopUpBody, WalletRefundBody
from tenants.top_ups.record import record_top_up
from tenants.top_ups.refund import record_wallet_refund

_MOST_CLAIMS: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: of whom, with which form, at which branch, in which currency."""

    member_id: UUID
    form: Form
    branch_id: UUID
    currency: str

    def text(self, name: str) -> str | None:
        return self.form.get(name, "").strip() or None

    @property
    def base(self) -> dict[str, Any]:
        """What every entry's body begins with."""
        return {"member_id": str(self.member_id), "branch_id": str(self.branch_id), "external_id": self.text("number")}


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the counter: which right it takes, and on which tab it is."""

    scope: KeyScope
    tab: str
    do: Callable[[Asked], Awaitable[str | None]]
    """Does it; returns the entry whose outcome is to be shown, None for the desk again."""


async def _top_up(asked: Asked) -> str | None:
    amount = amount_of(asked.form.get("amount", ""), asked.currency)
    tenders = [{"type": tender_of(asked.form), "amount": amount}]
    made = await record_top_up(_body(TopUpBody, {**asked.base, "amount": amount, "tenders": tenders}))
    return f"top_up:{made.id}"


async def _pay_out(asked: Asked) -> str | None:
    amount = amount_of(asked.form.get("amount", ""), asked.currency)
    sent = {**asked.base, "amount": amount, "tender": tender_of(asked.form), "reason": asked.text("reason")}
    await record_wallet_refund(_body(WalletRefundBody, sent))
    return None


async def _redeem(asked: Asked) -> str | None:
    sent = {**asked.base, "points": _some_points(asked), "reason": asked.text("reason")}
    await redeem(_body(RedeemBody, sent))
    return None


async def _adjust(asked: Asked) -> str | None:
    sent = {**asked.base, "points": _some_points(asked, signed=True), "reason": asked.text("reason")}
    await adjust(_body(AdjustBody, sent))
    return None


def _some_points(asked: Asked, *, signed: bool = False) -> int:
    points = points_of(asked.form.get("points", ""), signed=signed)
    if points == 0 or (points < 0 and not signed):
        raise DomainError("validation-failed", errors=[FieldError("/points", "required")])
    return points


async def _claim(asked: Asked) -> str | None:
    made, _ = await claim(id_of(asked.form.get("reward_id", ""), "reward_id"), _body(ClaimBody, asked.base))
    if asked.form.get("now"):  # it lies on the counter
        await _hand_out(asked, made["id"], made["state"])
    return None


async def _collect(asked: Asked) -> str | None:
    await _hand_out(asked, id_of(asked.form.get("claim_id", ""), "claim_id"), "claimed")
    return None


async def _hand_out(asked: Asked, claim_id: UUID, state: str) -> None:
    """A claim of this very member; one that was handed out before stays so."""
    mine = await claims_of_member(await require_member(asked.member_id), None, _MOST_CLAIMS, None)
    if claim_id not in {row["id"] for row in mine}:
        raise DomainError("not-found")
    if state == "claimed":
        await collect(claim_id)


async def _use_pass(asked: Asked) -> str | None:
    pass_id = id_of(asked.form.get("pass_id", ""), "pass_id")
    if (await pass_row(pass_id))["member_id"] not in await require_member(asked.member_id):
        raise DomainError("not-found")
    sent = {"branch_id": str(asked.branch_id), "external_id": asked.text("number")}
    await use_pass(pass_id, _body(UseBody, sent))
    return None


async def _sell_pass(asked: Asked) -> str | None:
    price = amount_of(asked.form.get("price", ""), asked.currency, "price")
    sent = {
        **asked.base,
        "product": asked.text("product"),
        "uses": points_of(asked.form.get("uses", ""), "uses"),
        "price": price,
        "valid_until": asked.text("valid_until"),
        "tenders": [{"type": tender_of(asked.form), "amount": price}],
    }
    await sell_pass(_body(PassBody, sent))
    return None


async def _use_allowance(asked: Asked) -> str | None:
    sent = {"branch_id": str(asked.branch_id), "external_id": asked.text("number")}
    await use_allowance(asked.member_id, asked.form.get("product", ""), _body(AllowanceBody, sent))
    return None


async def _activity(asked: Asked) -> str | None:
    await record_activity(_body(ActivityBody, {**asked.base, "kind": asked.text("kind")}))
    return None


async def _issue(asked: Asked) -> str | None:
    body = _body(NewCard, {"card_no": asked.text("card_no")})

    async def made() -> str:
        await issue(asked.member_id, body.card_no)
        return str(asked.member_id)

    await once({**asked.form, "issue": str(asked.member_id)}, made)
    return None


async def _lost(asked: Asked) -> str | None:
    await report_lost(await _own_card(asked))
    return None


async def _replace(asked: Asked) -> str | None:
    old = await _own_card(asked)
    sent = {"card_no": asked.text("card_no"), "proof": asked.text("proof")}
    body = _body(Replacement, sent)
    await replace_card(old, body.card_no, body.proof)
    return None


async def _own_card(asked: Asked) -> str:
    number = asked.text("old") or ""
    if (await card_row(number))["member_id"] not in await require_member(asked.member_id):
        raise DomainError("not-found")
    return number


async def _sms(asked: Asked) -> str | None:
    await code_by_sms(asked.member_id, amount_of(asked.form.get("amount", ""), asked.currency))
    return None


def _body(model: Any, sent: Mapping[str, Any]) -> Any:
    """A body of the API, with its checks; what is empty isn't sent."""
    return parse_body(model, json.dumps({k: v for k, v in sent.items() if v is not None}).encode())


ACTS: Final[Mapping[str, Act]] = {
    "top-up": Act("wallet:write", "top-up", _top_up),
    "pay-out": Act("wallet:write", "top-up", _pay_out),
    "redeem": Act("points:write", "points", _redeem),
    "adjust": Act("points:write", "points", _adjust),
    "claim": Act("points:write", "rewards", _claim),
    "collect": Act("points:write", "rewards", _collect),
    "use-pass": Act("wallet:write", "visits", _use_pass),
    "sell-pass": Act("wallet:write", "visits", _sell_pass),
    "use-allowance": Act("purchases:write", "visits", _use_allowance),
    "activity": Act("purchases:write", "visits", _activity),
    "issue-card": Act("members:write", "card", _issue),
    "lost": Act("members:write", "card", _lost),
    "replace": Act("members:write", "card", _replace),
    "sms": Act("purchases:write", "sale", _sms),
}


@post(f"{DESK}/{{act:str}}", opt=WRITE, include_in_schema=False)
async def act(request: AnyRequest, member_id: FromPath[UUID], act: FromPath[str]) -> Response[Any]:
    """Does it, and goes back to the desk (or on to the outcome); what is wrong stands beside what was typed."""
    wanted, form = ACTS.get(act), await texts_of(request)
    if wanted is None:
        raise DomainError("not-found")
    try:
        entry = await approved(request, form, lambda: _do(request, wanted, member_id, form))
    except DomainError as error:
        if error.code in {"not-found", "forbidden"}:
            raise
        return await _again(request, member_id, wanted, {**form, "act": act}, error)
    if entry is not None:
        return see_other(f"{HOME}?entry={entry}")
    if act == "sms":  # in the middle of a sale: what was typed stays
        async with scope_of(request):
            context = await desk_context(request, member_id, wanted.tab, form={**form, "consent": "sms"})
        return render_page(request, "counter/desk.html", {**context, "said": SAID[act]})
    return see_other(f"{HOME}/members/{member_id}?do={wanted.tab}&said={act}")


async def _do(request: AnyRequest, wanted: Act, member_id: UUID, form: Form) -> str | None:
    require(wanted.scope)
    branch_id, around = await branch_meant(request, form), await frame()
    return await wanted.do(Asked(member_id, form, branch_id, around.currency))


async def _again(request: AnyRequest, member_id: UUID, wanted: Act, form: Form, error: DomainError) -> Response[Any]:
    problem = told(request, error)
    async with scope_of(request):
        context = await desk_context(request, member_id, wanted.tab, form=form, problem=problem)
        if error.code in ASKS:
            context["approvers"] = await who_may_approve()
    return render_page(request, "counter/desk.html", context, status=problem.status)


HANDLERS = [act]

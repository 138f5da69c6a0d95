"""`/members/{id}/by-hand`: what staff do for one member by hand: a tier until a day, points, a coupon.

Each is the API's own act, with its limits: what a clerk may not do alone asks for somebody above, on this page.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.i18n import Tongue
from saas.pages import reader_of, render_page, see_other
from saas.principal import KeyScope
from saas.scope import current
from tenants.approvals.asking import ASKS, approved, scope_of
from tenants.approvals.giving import who_may_approve
from tenants.branches.branch import branches
from tenants.coupons.bodies import GrantBody
from tenants.coupons.coupon import newest_coupons
from tenants.coupons.granting import grant_to_members
from tenants.frame import frame
from tenants.member_pages.lines import tier_marks, title_of
from tenants.member_pages.one import ONE
from tenants.members.existing import require_member
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.offers.typed import Told, Typed, act_of, new_act, told
from tenants.points.acts import adjust
from tenants.points.bodies import AdjustBody
from tenants.programme.versions import current_programme
from tenants.tiers.api import TierBody
from tenants.tiers.by_hand import set_tier, unlock_tier
from tenants.tiers.explain import explain

BY_HAND: Final = f"{ONE}/by-hand"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write", "scoped": False}
"""Scopes of their own: what was refused is rolled back before the form is shown again."""
_COUPONS: Final = 200
_BRANCHES: Final = 1_000
_Request = Request[Any, Any, Any]
_Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Act:
    """An act, the right it takes, and its fields: a form has each behind the act's name (`points_reason`)."""

    scope: KeyScope
    fields: tuple[str, ...]
    do: Callable[[UUID, Typed, _Form], Awaitable[None]]


async def _tier(member_id: UUID, asked: Typed, form: _Form) -> None:
    ladder, _, tier = form.get("tier", "").partition("/")
    wanted = {
        "tier": tier,
        "ladder": ladder,
        "reason": asked.text("reason"),
        "locked_until": asked.plain("locked_until"),
    }
    if not tier:
        asked.missing("tier")
        wanted["tier"] = wanted["ladder"] = None
    if wanted["reason"] is None:
        asked.missing("reason")
    body = asked.body(TierBody, _given(wanted))
    await set_tier(member_id, body.ladder, body.tier, body.reason, body.locked_until)


async def _unlock(member_id: UUID, asked: Typed, _form: _Form) -> None:
    await unlock_tier(member_id, asked.plain("ladder"))


async def _points(member_id: UUID, asked: Typed, form: _Form) -> None:
    wanted: dict[str, Any] = {
        "member_id": str(member_id),
        "external_id": f"hand-{act_of(form)}",
        "points": asked.whole("points"),
        **{name: asked.text(name) for name in ("reason", "expires_on", "branch_id")},
    }
    for name in ("points", "reason"):
        if asked.text(name) is None:
            asked.missing(name)
    await adjust(asked.body(AdjustBody, _given(wanted)))


async def _coupon(member_id: UUID, asked: Typed, form: _Form) -> None:
    if asked.text("coupon_id") is None:
        asked.missing("coupon_id")
    body = asked.body(GrantBody, _given({"member_ids": [str(member_id)], "reason": asked.text("reason")}))
    try:
        coupon_id = UUID(form.get("coupon_id", ""))
    except ValueError:
        raise DomainError("not-found") from None
    await grant_to_members(coupon_id, [member_id], ["/coupon_id"], body.reason, act_of(form))


_ACTS: Final[Mapping[str, _Act]] = {
    "tier": _Act("members:write", ("tier", "ladder", "reason", "locked_until"), _tier),
    "unlock": _Act("members:write", (), _unlock),
    "points": _Act("points:write", ("points", "reason", "expires_on", "branch_id"), _points),
    "coupon": _Act("members:write", ("coupon_id", "reason"), _coupon),
}


@get(BY_HAND, opt=_OPT, include_in_schema=False)
async def ask(request: _Request, member_id: FromPath[UUID]) -> Response[Any]:
    """The forms."""
    return await _page(request, member_id, {})


@post(f"{BY_HAND}/{{act:str}}", opt=_OPT, include_in_schema=False)
async def act(request: _Request, member_id: FromPath[UUID], act: FromPath[str]) -> Response[Any]:
    """Does it, and goes back to the member; what is wrong stands beside what was typed."""
    wanted, form = _ACTS.get(act), await texts_of(request)
    if wanted is None:
        raise DomainError("not-found")
    own = {name.removeprefix(f"{act}_"): value for name, value in form.items()}

    async def work() -> None:
        if not current().principal.may(wanted.scope):
            raise DomainError("forbidden", params={"scope": wanted.scope})
        survivor, *_ = await require_member(member_id)
        await wanted.do(survivor, Typed(own, (await frame()).currency), own)

    try:
        await approved(request, form, work)
    except DomainError as error:
        if error.code in {"not-found", "forbidden", "bad-request"}:
            raise
        return await _page(request, member_id, form, act, error)
    return see_other(f"/members/{member_id}?done={act}")


async def _page(
    request: _Request, member_id: UUID, form: _Form, act: str = "", error: DomainError | None = None
) -> Response[Any]:
    speaks = reader_of(request).tongue
    async with scope_of(request):
        row = await member_row(member_id)
        if row["id"] != member_id:
            return see_other(f"/members/{row['id']}/by-hand")
        if row["status"] != "active":
            raise DomainError("member-closed")
        around, found, rules = await frame(), await show(row, speaks.language), await current_programme()
        problem = None if error is None else told(error, speaks.language, around.currency, _ACTS[act].fields)
        asks = error is not None and error.code in ASKS
        several = len(rules.ladders) > 1
        context = {
            "frame": around,
            "member": found,
            "id": row["id"],
            "title": title_of(found, speaks),
            "marks": tier_marks(found, rules),
            "tiers": [
                (f"{ladder.code}/{tier.code}", _name(ladder, tier, several, speaks))
                for ladder in rules.ladders
                for tier in reversed(ladder.tiers)
            ],
            "locks": [
                {**one, "tier": held["name"]}
                for code, held in found["tiers"].items()
                if (one := await _lock(row["id"], code, speaks))
            ],
            "coupons": await _coupons(speaks),
            "branches": await _branches(),
            "may_points": current().principal.may("points:write"),
            "approvers": await who_may_approve() if asks else None,
        }
    context |= _said(form, act, problem, asks=asks)
    return render_page(request, "member_pages/by_hand.html", context, status=problem.status if problem else 200)


def _said(form: _Form, act: str, problem: Told | None, *, asks: bool) -> dict[str, Any]:
    """The form as it was sent, and what was wrong with it, at its own fields."""
    wrong = {f"{act}_{name}": text for name, text in problem.fields.items()} if problem else {}
    if "tier_ladder" in wrong:
        wrong.setdefault("tier_tier", wrong["tier_ladder"])
    return {
        "form": form,
        "asked_act": act,
        "problem": problem,
        "wrong": wrong,
        "asks": asks,
        "act": form.get("act") or new_act(),
    }


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _name(ladder: Any, tier: Any, several: bool, speaks: Tongue) -> str:
    name: str = tier.names.get(speaks.language)
    return f"{ladder.names.get(speaks.language)} · {name}" if several else name


async def _lock(member_id: UUID, ladder_code: str, speaks: Tongue) -> dict[str, Any] | None:
    """A tier that is held by hand: until when."""
    seen = await explain(member_id, ladder_code, speaks.language)
    until = seen["current"]["locked_until"]
    return None if until is None else {"ladder": ladder_code, "until": until}


async def _coupons(speaks: Tongue) -> list[tuple[str, str]]:
    rows = await newest_coupons(None, _COUPONS, ended=False)
    named = [(row["id"], row["names"].get(speaks.language) or next(iter(row["names"].values()))) for row in rows]
    return [(str(coupon_id), name) for coupon_id, name in named]


async def _branches() -> list[tuple[str, str]]:
    """Where points may be said to be given: who works in some branches names one of them."""
    own = current().principal.branch_ids
    listed = [one for one in await branches(None, _BRANCHES) if one["closed_at"] is None]
    mine = [(str(one["id"]), one["name"]) for one in listed if own is None or one["id"] in own]
    return [("", "—"), *mine] if own is None else mine


HANDLERS = [ask, act]

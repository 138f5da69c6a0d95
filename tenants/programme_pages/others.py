"""`/programme/discounts`: how discounts go together, and where; `/programme/members`: who may join, and what counts."""

from collections.abc import Mapping
from typing import Any, Final

from saas.i18n import n_
from tenants.branches.branch import branches
from tenants.programme_pages.drafting import Draft, decimal, shown, whole
from tenants.programme_pages.rules_forms import YES, Form, Page, Part, handlers_of, listed, number

_MOST: Final = 2_000
_KINDS: Final = {"person": n_("Persons"), "company": n_("Companies")}
_DAYS: Final = ("new_days", "dormant_days", "lost_days")


def _read_stacking(form: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    before = draft.document["stacking"].get("discount_excluded") or ()
    part = {
        "discounts_combine": bool(form.get("discounts_combine")),
        "wallet_with_tier_discount": bool(form.get("wallet_with_tier_discount")),
        "discount_excluded": listed(form.get("discount_excluded"), before),
    }
    chosen = [name.removeprefix("branch-") for name in form if name.startswith("branch-")]
    return {**part, "branches": chosen} if form.get("where") == "some" else part


def _fill_stacking(part: Any, _draft: Draft) -> Form:
    chosen = part.get("branches")
    return {
        "discounts_combine": YES if part.get("discounts_combine") else "",
        "wallet_with_tier_discount": YES if part.get("wallet_with_tier_discount", True) else "",
        "discount_excluded": "\n".join(part.get("discount_excluded") or ()),
        "where": "all" if chosen is None else "some",
        "branches": "",
        **{f"branch-{code}": YES for code in chosen or ()},
    }


async def _branches(draft: Draft) -> dict[str, Any]:
    known = [(one["code"], one["name"]) for one in await branches(None, _MOST) if one["closed_at"] is None]
    named = draft.document["stacking"].get("branches") or ()
    gone = [(code, code) for code in named if code not in {code for code, _ in known}]
    return {"branches": [*known, *gone]}


def _read_eligibility(form: Mapping[str, str], _draft: Draft) -> dict[str, Any]:
    return {"min_age": whole(form.get("min_age")), "kinds": [kind for kind in _KINDS if form.get(f"kinds-{kind}")]}


def _fill_eligibility(part: Any, _draft: Draft) -> Form:
    return {
        "min_age": shown(part.get("min_age")),
        "kinds": "",
        **{f"kinds-{kind}": YES for kind in part.get("kinds") or ()},
    }


def _read_lifecycle(form: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    kept = draft.part("lifecycle") or {}
    days = {name: number(form.get(name), kept.get(name, 0)) for name in _DAYS}
    return {**days, "slipping_factor": decimal(form.get("slipping_factor")) or shown(kept.get("slipping_factor"))}


def _fill_lifecycle(part: Any, _draft: Draft) -> Form:
    return {name: shown(part.get(name)) for name in (*_DAYS, "slipping_factor")}


def _read_kinds(form: Mapping[str, str], _draft: Draft) -> list[str]:
    return listed(form.get("activity_kinds"))


def _fill_kinds(part: Any, _draft: Draft) -> Form:
    return {"activity_kinds": "\n".join(str(kind) for kind in part or ())}


async def _people(_draft: Draft) -> dict[str, Any]:
    return {"person_kinds": _KINDS}


DISCOUNTS = Page(
    "/programme/discounts",
    "programme_pages/discounts.html",
    (Part("stacking", ("stacking",), _read_stacking, _fill_stacking),),
    _branches,
)
MEMBERS = Page(
    "/programme/members",
    "programme_pages/members.html",
    (
        Part("eligibility", ("eligibility",), _read_eligibility, _fill_eligibility),
        Part("lifecycle", ("lifecycle",), _read_lifecycle, _fill_lifecycle),
        Part("activities", ("activity_kinds",), _read_kinds, _fill_kinds, alone="activity_kinds"),
    ),
    _people,
)
HANDLERS = [*handlers_of(DISCOUNTS), *handlers_of(MEMBERS)]

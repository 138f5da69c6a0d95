"""`/programme/points`: what earns points, how long they last, what they pay."""

from collections.abc import Mapping
from typing import Any

from tenants.programme_pages.drafting import Draft, decimal, shown, shown_money, typed
from tenants.programme_pages.rules_forms import (
    YES,
    Form,
    Page,
    Part,
    handlers_of,
    listed,
    money_typed,
    number,
    row_count,
    without_row,
)

_DROP = "drop-"


def _read(form: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    part = {
        "per_unit": decimal(form.get("per_unit")) or "0",
        "pending_days": number(form.get("pending_days"), 0),
        "expiry": _expiry(form),
        "excluded_categories": listed(
            form.get("excluded_categories"), draft.document["points"].get("excluded_categories") or ()
        ),
        "excluded_tenders": listed(form.get("excluded_tenders")),
        "redeem": _redeem(form, draft) if form.get("redeem") else None,
    }
    beside = _beside(form)
    given = beside["top_up"] != "0" or beside["activities"] or beside["referral"] or beside["birthday"]
    return {**part, "beside": beside} if given else part


def _expiry(form: Mapping[str, str]) -> dict[str, Any]:
    kind = form.get("expiry-type", "never")
    if kind == "months":
        return {"type": kind, "months": number(form.get("expiry-months"))}
    return {"type": kind, "years": number(form.get("expiry-years"))} if kind == "end_of_year" else {"type": kind}


def _redeem(form: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    return {
        "points": number(form.get("redeem-points")),
        "amount": money_typed(form, "redeem-amount", draft.currency),
        "min_points": number(form.get("redeem-min_points"), 0),
        "max_percent": decimal(form.get("redeem-max_percent")) or "100",
    }


def _beside(form: Mapping[str, str]) -> dict[str, Any]:
    at = "beside-activities-"
    return {
        "top_up": decimal(form.get("beside-top_up")) or "0",
        "activities": [
            {"kind": typed(form.get(f"{at}{n}-kind")), "points": number(form.get(f"{at}{n}-points"))}
            for n in range(row_count(form, at, "-kind"))
        ],
        "referral": number(form.get("beside-referral"), 0),
        "birthday": number(form.get("beside-birthday"), 0),
    }


def _edit(part: dict[str, Any], do: str) -> dict[str, Any]:
    beside = part.get("beside") or {"top_up": "0", "activities": [], "referral": 0, "birthday": 0}
    rows = without_row(beside["activities"], do, _DROP)
    if do == "add":
        rows = [*rows, {"kind": "", "points": 10}]
    return {**part, "beside": {**beside, "activities": rows}}


def _fill(part: Any, draft: Draft) -> Form:
    expiry, redeem, beside = part.get("expiry") or {}, part.get("redeem") or {}, part.get("beside") or {}
    form = {
        "per_unit": shown(part.get("per_unit")),
        "pending_days": shown(part.get("pending_days")),
        "expiry-type": shown(expiry.get("type")),
        "expiry-months": shown(expiry.get("months", 12)),
        "expiry-years": shown(expiry.get("years", 0)),
        "excluded_categories": "\n".join(part.get("excluded_categories") or ()),
        "excluded_tenders": ", ".join(part.get("excluded_tenders") or ()),
        "redeem": YES if redeem else "",
        "redeem-points": shown(redeem.get("points", 100)),
        "redeem-amount": shown_money(redeem.get("amount"), draft.currency),
        "redeem-min_points": shown(redeem.get("min_points", 0)),
        "redeem-max_percent": shown(redeem.get("max_percent", "100")),
        "beside-top_up": shown(beside.get("top_up", "0")),
        "beside-referral": shown(beside.get("referral", 0)),
        "beside-birthday": shown(beside.get("birthday", 0)),
    }
    for n, row in enumerate(beside.get("activities") or ()):
        form[f"beside-activities-{n}-kind"] = shown(row.get("kind"))
        form[f"beside-activities-{n}-points"] = shown(row.get("points"))
    return form


async def _choices(draft: Draft) -> dict[str, Any]:
    kinds = [str(kind) for kind in draft.document.get("activity_kinds") or ()]
    rows = (draft.document["points"].get("beside") or {}).get("activities") or ()
    unknown = [str(row.get("kind")) for row in rows if row.get("kind") and row["kind"] not in kinds]
    return {"kinds": [(kind, draft.teller.own("activity", kind)) for kind in dict.fromkeys([*kinds, *unknown])]}


PAGE = Page(
    "/programme/points",
    "programme_pages/points.html",
    (Part("points", ("points",), _read, _fill, _edit),),
    _choices,
)
HANDLERS = handlers_of(PAGE)

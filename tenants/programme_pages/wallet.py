"""`/programme/wallet`: what a top-up brings, how stored value is spent, and its limits."""

from collections.abc import Mapping
from typing import Any

from tenants.programme.wording.value import SPEND_ORDERS
from tenants.programme_pages.drafting import Draft, decimal, shown, shown_money
from tenants.programme_pages.rules_forms import (
    YES,
    Form,
    Page,
    Part,
    handlers_of,
    money_typed,
    names_typed,
    number,
    row_count,
    without_row,
)

_AT = "top_up_bonus-"
_DROP = "drop-"


def _read(form: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    currency = draft.currency
    return {
        "top_up_bonus": [_step(form, f"{_AT}{n}", draft) for n in range(row_count(form, _AT, "-amount"))],
        "spend_order": form.get("spend_order", ""),
        "limits": {
            "named": money_typed(form, "limits-named", currency),
            "unnamed": money_typed(form, "limits-unnamed", currency),
            "bonus_counts": bool(form.get("limits-bonus_counts")),
        },
        "cooling_off_days": number(form.get("cooling_off_days")),
        "confirm_above": money_typed(form, "confirm_above", currency),
        "bonus_earns": bool(form.get("bonus_earns")),
    }


def _step(form: Mapping[str, str], at: str, draft: Draft) -> dict[str, Any]:
    step: dict[str, Any] = {"amount": money_typed(form, f"{at}-amount", draft.currency)}
    if form.get(f"{at}-gives") == "bonus":
        step["bonus"] = money_typed(form, f"{at}-bonus", draft.currency)
    elif form.get(f"{at}-gives") == "percent":
        step["percent"] = decimal(form.get(f"{at}-percent")) or ""
    names = names_typed(form, f"{at}-gift-names")
    if names["en"] or form.get(f"{at}-gift-value"):
        step["gift"] = {"names": names, "value": money_typed(form, f"{at}-gift-value", draft.currency)}
    tiers = [code for code, _ in _tiers(draft) if form.get(f"{at}-tier-{code}")]
    return {**step, "tiers": tiers} if tiers else step


def _edit(part: dict[str, Any], do: str) -> dict[str, Any]:
    steps = without_row(part["top_up_bonus"], do, _DROP)
    if do == "add":
        steps = [*steps, {"amount": "", "bonus": ""}]
    return {**part, "top_up_bonus": steps}


def _fill(part: Any, draft: Draft) -> Form:
    currency, limits = draft.currency, part.get("limits") or {}
    form = {
        "spend_order": shown(part.get("spend_order")),
        "limits-named": shown_money(limits.get("named"), currency),
        "limits-unnamed": shown_money(limits.get("unnamed"), currency),
        "limits-bonus_counts": YES if limits.get("bonus_counts") else "",
        "cooling_off_days": shown(part.get("cooling_off_days")),
        "confirm_above": shown_money(part.get("confirm_above"), currency),
        "bonus_earns": YES if part.get("bonus_earns") else "",
    }
    for n, step in enumerate(part.get("top_up_bonus") or ()):
        form |= _filled_step(step, f"{_AT}{n}", currency)
    return form


def _filled_step(step: dict[str, Any], at: str, currency: str) -> Form:
    gift, names = step.get("gift") or {}, (step.get("gift") or {}).get("names") or {}
    return {
        at: "",
        f"{at}-amount": shown_money(step.get("amount"), currency),
        f"{at}-gives": "percent" if "percent" in step else "bonus" if "bonus" in step else "nothing",
        f"{at}-bonus": shown_money(step.get("bonus"), currency),
        f"{at}-percent": shown(step.get("percent")),
        f"{at}-gift-names-zh-CN": shown(names.get("zh-CN")),
        f"{at}-gift-names-en": shown(names.get("en")),
        f"{at}-gift-value": shown_money(gift.get("value"), currency),
        **{f"{at}-tier-{code}": YES for code in step.get("tiers") or ()},
    }


def _tiers(draft: Draft) -> list[tuple[str, str]]:
    """Every tier of the draft above the base, by code; and what else a step names, a base or a tier that went: a form
    that didn't have it would open the step to everybody.
    """
    named = {
        str(tier.get("code")): shown((tier.get("names") or {}).get(draft.language))
        for ladder in draft.document["ladders"]
        for tier in ladder["tiers"]
    }
    offered = [str(tier.get("code")) for ladder in draft.document["ladders"] for tier in ladder["tiers"][1:]]
    steps = draft.document["wallet"].get("top_up_bonus") or ()
    said = [str(code) for step in steps for code in step.get("tiers") or ()]
    return [(code, named.get(code, code)) for code in dict.fromkeys([*offered, *said])]


async def _choices(draft: Draft) -> dict[str, Any]:
    return {
        "tiers": _tiers(draft),
        "orders": SPEND_ORDERS,
        "steps": len(draft.document["wallet"].get("top_up_bonus") or ()),
    }


PAGE = Page(
    "/programme/wallet",
    "programme_pages/wallet.html",
    (Part("wallet", ("wallet",), _read, _fill, _edit),),
    _choices,
)
HANDLERS = handlers_of(PAGE)

"""`/programme/benefits`: what each tier gives, and the form of one tier's benefits."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath
from pydantic import TypeAdapter, ValidationError

from saas.errors import DomainError
from saas.forms import texts_of
from saas.i18n import n_
from saas.pages import see_other
from saas.scope import connection, current
from tenants.programme.benefits import AnyBenefit, Benefit
from tenants.programme.strict import Names
from tenants.programme.wording.benefits import benefit_text
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.drafting import Draft, change_draft, decimal, shown, typed
from tenants.programme_pages.rules_forms import Form, by_field, names_typed, number, row_count, without_row
from tenants.programme_pages.sections import WRITE, draft_of, draft_to_change, section
from tenants.tiers.labels import tone_of

HOME: Final = "/programme/benefits"
_ONE: Final = f"{HOME}/{{ladder:str}}/{{tier:str}}"
_Request = Request[Any, Any, Any]
_BENEFIT: Final[TypeAdapter[AnyBenefit]] = TypeAdapter(Benefit)
_DROP: Final = "drop-"
_ADD: Final = "add"

TYPES: Final = {
    "discount": n_("A discount"),
    "price_list": n_("A price list"),
    "points_multiplier": n_("More points"),
    "allowance": n_("Free uses"),
    "gift": n_("A coupon"),
    "text": n_("Something in words"),
}
PERIODS: Final = {
    "day": n_("a day"),
    "week": n_("a week"),
    "month": n_("a month"),
    "quarter": n_("a quarter"),
    "year": n_("a year"),
}
OCCASIONS: Final = {"upgrade": n_("when it is reached"), "birthday": n_("on the birthday")}
_EMPTY: Final[dict[str, dict[str, Any]]] = {
    "discount": {"percent": ""},
    "price_list": {"code": ""},
    "points_multiplier": {"multiplier": "1.5"},
    "allowance": {"product": "", "per": "month", "count": 1},
    "gift": {"occasion": "upgrade", "coupon": ""},
    "text": {"names": {"zh-CN": "", "en": ""}},
}
# What the chain has to give, by code: the lists are short, both are the chain's own.
_NAMED: Final = """
SELECT 'coupon' AS sort, code, names FROM coupon WHERE tenant_id = $1 AND ended_at IS NULL
 UNION ALL SELECT 'price_list', code, names FROM price_list WHERE tenant_id = $1 ORDER BY 1, 2 LIMIT 2000"""


@get(HOME, opt=WRITE, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """Every tier with what it gives in the draft."""
    draft = await draft_of(request)
    teller = Teller(draft.language, draft.currency, await _glossary())
    ladders = [
        {
            "name": _named(ladder, draft),
            "tiers": [
                {
                    "name": _named(tier, draft),
                    "tone": tone_of(rank, len(ladder["tiers"])),
                    "address": f"{HOME}/{ladder.get('code')}/{tier.get('code')}",
                    "benefits": [_told(one, teller) for one in tier.get("benefits") or ()],
                    "wrong": len(draft.wrong("ladders", n, "tiers", rank, "benefits")),
                }
                for rank, tier in enumerate(ladder["tiers"])
            ],
        }
        for n, ladder in enumerate(draft.document["ladders"])
    ]
    return await section(request, "programme_pages/benefits.html", HOME, {"ladders": ladders}, draft=draft)


@get(_ONE, opt=WRITE, include_in_schema=False)
async def one(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[Any]:
    """The benefits of one tier, each a row."""
    return await _page(request, await draft_of(request), ladder, tier)


@post(_ONE, opt=WRITE, include_in_schema=False)
async def change(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[Any]:
    """Keeps the rows as they are typed; a button adds one or takes one away."""
    form, draft = await texts_of(request), await draft_to_change(request)
    path = _path(draft, ladder, tier)
    rows = without_row([_row(form, str(n)) for n in range(row_count(form, "", "-type"))], form.get("do", ""), _DROP)
    if form.get("do") == _ADD and form.get("new") in _EMPTY:
        rows = [*rows, {"type": form["new"], **_EMPTY[form["new"]]}]
    try:
        await change_draft(draft.language, path, rows, form.get("seen", ""))
    except DomainError as error:
        if error.code not in {"draft-changed", "payload-too-large"}:
            raise
        return await _page(request, await draft_of(request), ladder, tier, rows, error)
    return see_other(f"{HOME}/{ladder}/{tier}?done=saved")


def _path(draft: Draft, ladder: str, tier: str) -> tuple[str | int, ...]:
    """Raises DomainError `not-found` for a tier that the draft hasn't."""
    for n, one_ladder in enumerate(draft.document["ladders"]):
        if one_ladder.get("code") == ladder:
            for rank, one_tier in enumerate(one_ladder["tiers"]):
                if one_tier.get("code") == tier:
                    return ("ladders", n, "tiers", rank, "benefits")
    raise DomainError("not-found")


def _row(form: Mapping[str, str], at: str) -> dict[str, Any]:
    kind = form.get(f"{at}-type", "")
    match kind:
        case "discount":
            category = typed(form.get(f"{at}-category"))
            row = {"percent": decimal(form.get(f"{at}-percent")) or ""}
            return {"type": kind, **row, **({"category": category} if category else {})}
        case "price_list":
            return {"type": kind, "code": typed(form.get(f"{at}-code"))}
        case "points_multiplier":
            return {"type": kind, "multiplier": decimal(form.get(f"{at}-multiplier")) or ""}
        case "allowance":
            product, per = typed(form.get(f"{at}-product")), form.get(f"{at}-per", "")
            return {"type": kind, "product": product, "per": per, "count": number(form.get(f"{at}-count"))}
        case "gift":
            return {"type": kind, "occasion": form.get(f"{at}-occasion", ""), "coupon": typed(form.get(f"{at}-coupon"))}
        case _:
            return {"type": kind, "names": names_typed(form, f"{at}-names")}


def _filled(row: Mapping[str, Any], at: str) -> Form:
    names = row.get("names") or {}
    plain = ("type", "percent", "category", "code", "multiplier", "product", "per", "count", "occasion", "coupon")
    return {
        at: "",
        **{f"{at}-{name}": shown(row.get(name)) for name in plain if name in row or name == "category"},
        **{f"{at}-names-{language}": shown(text) for language, text in names.items()},
    }


async def _page(
    request: _Request,
    draft: Draft,
    ladder: str,
    tier: str,
    typed_rows: list[dict[str, Any]] | None = None,
    problem: DomainError | None = None,
) -> Response[Any]:
    path = _path(draft, ladder, tier)
    rows = typed_rows if typed_rows is not None else draft.part(*path) or []
    form = {name: text for n, row in enumerate(rows) for name, text in _filled(row, str(n)).items()}
    wrong, others = by_field(draft.wrong(*path), form)
    named = await _glossary()
    held = draft.document["ladders"][path[1]]["tiers"][path[3]]
    context = {
        "address": f"{HOME}/{ladder}/{tier}",
        "tier_name": _named(held, draft),
        "rows": [str(row.get("type")) for row in rows],
        "form": form,
        "wrong": wrong,
        "others": others,
        "seen": draft.seen(*path),
        "types": TYPES,
        "periods": PERIODS,
        "occasions": OCCASIONS,
        "coupons": _codes(named, "coupon", [row.get("coupon") for row in rows], draft),
        "lists": _codes(named, "price_list", [row.get("code") for row in rows], draft),
    }
    return await section(request, "programme_pages/tier_benefits.html", HOME, context, draft=draft, problem=problem)


async def _glossary() -> dict[tuple[str, str], Names]:
    rows = await connection().fetch(_NAMED, current().tenant_id)
    return {(row["sort"], row["code"]): Names.model_validate(row["names"]) for row in rows}


def _codes(named: Mapping[tuple[str, str], Names], sort: str, held: list[Any], draft: Draft) -> list[tuple[str, str]]:
    """What there is to choose, and what the draft names although it isn't there."""
    known = {code: names.get(draft.language) for (one, code), names in named.items() if one == sort}
    gone = {str(code): str(code) for code in held if code and code not in known}
    return [("", "—"), *known.items(), *gone.items()]


def _told(benefit: Any, teller: Teller) -> str:
    """A benefit in words; what can't be read as one yet, by its sort."""
    try:
        return benefit_text(_BENEFIT.validate_python(benefit), teller)
    except ValidationError:
        sort = TYPES.get(str(benefit.get("type")), n_("Something in words"))
        return f"{teller.say(sort)} …"


def _named(part: Mapping[str, Any], draft: Draft) -> str:
    names = part.get("names") or {}
    return shown(names.get(draft.language)) or shown(part.get("code"))


HANDLERS = [show, one, change]

"""The live quote beside the amount: what it will cost and why, what it earns, which coupons would save how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from litestar import Response, post

from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.i18n import Tongue, n_
from saas.pages import reader_of, render_page
from tenants.counter.acting import READ, AnyRequest, Form
from tenants.counter.basket import Basket, basket_of, coupons_ticked
from tenants.counter.numbers import id_of
from tenants.counter.place import branch_meant
from tenants.coupons.held import coupons_of_member
from tenants.frame import frame
from tenants.members.existing import require_member
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme

_MOST_COUPONS: Final = 30
_KINDS: Final = {
    "tier": n_("%(name)s discount"),
    "campaign": n_("Campaign %(name)s"),
    "coupon": n_("Coupon %(name)s"),
    "price_list": n_("Price list %(name)s"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon that could be ticked; `saves` minor units, None where the amount isn't known yet."""

    id: str
    name: str
    until: date
    saves: int | None
    ticked: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A quote in words; money in minor units."""

    amount: int
    discounts: tuple[tuple[str, int], ...]
    paid: int
    by_points: int
    by_wallet: int
    left: int
    earns: int
    consent: bool
    confirm_above: int


@post("/counter/quote", opt=READ, status_code=200, include_in_schema=False)
async def quoted(request: AnyRequest) -> Response[str]:
    """The part of a sale's form that follows what is typed. An amount that isn't whole yet is no fault."""
    form, around, speaks = await texts_of(request), await frame(), reader_of(request).tongue
    said: Said | None = None
    problem: Told | None = None
    offered: dict[str, int] = {}
    if form.get("amount", "").strip():
        try:
            basket = await basket_of(form, await branch_meant(request, form), around.currency)
        except DomainError as error:
            error.in_currency(around.currency)
            problem = told(request, error)
        else:
            said = await in_words(basket, speaks)
            offered = {str(one["id"]): one["saves"] for one in basket.quote.available}
    context = {
        "frame": around,
        "said": said,
        "problem": problem,
        "offers": await offers(form, offered, speaks),
        "member_id": form.get("member_id", ""),
    }
    return render_page(request, "counter/_quote.html", context)


async def in_words(basket: Basket, speaks: Tongue) -> Said:
    """What a quoted ticket comes to."""
    ticket, rules = basket.quote.ticket, await current_programme()
    pricing: Mapping[str, Any] = ticket.pricing or {}
    names = {str(one["id"]): _named(one["names"], speaks) for one in basket.quote.available}
    tenders = {tender["type"]: tender["amount"] for tender in ticket.tenders or ()}
    return Said(
        ticket.net if ticket.list_amount is None else ticket.list_amount,
        tuple((label_of(one, rules, speaks, names), one["amount"]) for one in pricing.get("discounts", ())),
        ticket.net,
        tenders.get("points", 0),
        tenders.get("wallet", 0),
        basket.left,
        pricing.get("points", 0),
        basket.quote.consent_required,
        ticket.confirm_above,
    )


def label_of(discount: Mapping[str, Any], rules: Programme, speaks: Tongue, names: Mapping[str, str]) -> str:
    """Why something was taken off."""
    name: str = names.get(str(discount.get("id")), discount["code"])
    if discount["type"] == "tier":
        ladder = rules.ladder(discount.get("ladder", ""))
        tier = None if ladder is None else ladder.tier(discount["code"])
        name = name if tier is None else tier.names.get(speaks.language)
    return speaks.say(_KINDS.get(discount["type"], "%(name)s"), name=name)


async def offers(form: Form, saves: Mapping[str, int], speaks: Tongue) -> list[Offer]:
    """The member's coupons that are open today: those that save something first, the most first."""
    if not form.get("member_id"):
        return []
    members, ticked = await require_member(id_of(form["member_id"], "member_id")), coupons_ticked(form)
    rows = await coupons_of_member(members, "open", _MOST_COUPONS, None)
    known = bool(form.get("amount", "").strip())
    found = [
        Offer(
            str(row["id"]),
            _named(row["names"], speaks),
            row["valid_until"],
            saves.get(str(row["id"]), 0) if known else None,
            str(row["id"]) in ticked,
        )
        for row in rows[:_MOST_COUPONS]
        if row["valid_from"] <= row["today"]
    ]
    return sorted(found, key=lambda one: (not one.ticked, -(one.saves or 0), one.until))


def _named(names: Mapping[str, str], speaks: Tongue) -> str:
    return names.get(speaks.language) or next(iter(names.values()))


HANDLERS = [quoted]

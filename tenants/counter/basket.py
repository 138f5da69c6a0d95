"""What a clerk typed, as a ticket: with its coupons, points and stored value, and what is left to be paid otherwise."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import parse_body
from tenants.counter.acting import Form
from tenants.counter.numbers import amount_of, id_of, points_of
from tenants.members.whereabouts import united
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.purchases.bodies import PurchaseBody, TenderType, TicketBody
from tenants.purchases.quote import Quote, quote

TENDERS: Final[tuple[TenderType, ...]] = get_args(TenderType)
WHO: Final = ("member_id", "phone", "card_no")
_COUPON: Final = "coupon_"
_WALLET: Final = "SELECT w.principal + w.bonus FROM wallet_account w WHERE w.tenant_id = $1 AND w.member_id = $2"


@dataclass(frozen=True, slots=True)
class Basket:
    """A quoted ticket. `left`: minor units that are to be paid by the tender. `sent`: the ticket as JSON data."""

    sent: dict[str, Any]
    quote: Quote
    left: int

    def purchase(self, number: str, tender: TenderType) -> PurchaseBody:
        """The same as a purchase, with the member's consent if there is one."""
        paid = {"tenders": [{"type": tender, "amount": self.left}]} if self.left else {}
        return parse_body(PurchaseBody, json.dumps({**self.sent, **paid, "external_id": number}).encode())


async def basket_of(form: Form, branch_id: UUID, currency: str) -> Basket:
    """The ticket that the form means, reckoned as it would be recorded now.

    Raises DomainError as `quote`, and `validation-failed` for what isn't an amount, points or a tender.
    """
    sent = _ticket(form, branch_id, currency)
    quoted = await _quote(sent)
    if form.get("wallet"):
        sent, quoted = await _by_wallet(sent, quoted, await current_programme())
    consent = _consent(form)
    if consent is not None and sent.get("wallet_amount"):
        sent["wallet_consent"] = consent
    return Basket(sent, quoted, _left(quoted, sent.get("wallet_amount", 0)))


def tender_of(form: Form) -> TenderType:
    """How what is left is paid. Raises DomainError `validation-failed`."""
    for tender in TENDERS:
        if form.get("tender") == tender:
            return tender
    raise DomainError("validation-failed", errors=[FieldError("/tender", "required")])


def coupons_ticked(form: Form) -> list[str]:
    """Ids and numbers of the coupons that are to be used."""
    ticked = [name.removeprefix(_COUPON) for name, value in form.items() if name.startswith(_COUPON) and value]
    typed = form.get("coupon", "").strip()
    return [*ticked, *([typed] if typed else [])]


def categories_of(rules: Programme) -> list[str]:
    """The categories that the rules know of: what they tell apart, a till has to ask for."""
    return sorted(set(_categories(rules.model_dump(mode="json", by_alias=True))))


def _categories(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("category"), str):
            yield value["category"]
        for name in ("excluded_categories", "discount_excluded"):
            yield from value.get(name) or ()
        for inner in value.values():
            yield from _categories(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _categories(inner)


def _ticket(form: Form, branch_id: UUID, currency: str) -> dict[str, Any]:
    amount, points = amount_of(form.get("amount", ""), currency), points_of(form.get("points", ""))
    if points < 0:
        raise DomainError("validation-failed", errors=[FieldError("/points", "invalid-number")])
    sent: dict[str, Any] = {"branch_id": str(branch_id)}
    sent |= {name: form[name].strip() for name in WHO if form.get(name, "").strip()}
    category = form.get("category", "").strip()
    sent |= {"lines": [{"category": category, "amount": amount}]} if category else {"amount": amount}
    if coupons := coupons_ticked(form):
        sent["coupons"] = coupons
    if points:
        sent["points_to_redeem"] = points
    if occurred_at := form.get("occurred_at", ""):
        sent["occurred_at"] = occurred_at
    return sent


async def _quote(sent: Mapping[str, Any]) -> Quote:
    return await quote(parse_body(TicketBody, json.dumps(sent).encode()))


async def _by_wallet(sent: dict[str, Any], quoted: Quote, rules: Programme) -> tuple[dict[str, Any], Quote]:
    """As much as the wallet has of what is to be paid. Where it does away with the tier's discount, the ticket costs
    more than without it: then it's asked again.
    """
    if quoted.context.member_id is None:
        raise DomainError("member-needed")
    balance = await connection().fetchval(_WALLET, current().tenant_id, quoted.context.member_id) or 0
    tries = 1 if rules.stacking.wallet_with_tier_discount else 2
    for _ in range(tries):
        amount = min(balance, _left(quoted, 0))
        if amount <= 0:
            return sent, quoted
        sent = {**sent, "wallet_amount": amount}
        quoted = await _quote(sent)
    return sent, quoted


def _left(quoted: Quote, wallet: int) -> int:
    points: int = sum(tender["amount"] for tender in quoted.ticket.tenders or () if tender["type"] == "points")
    return quoted.ticket.net - points - wallet


def _consent(form: Form) -> dict[str, str] | None:
    kind, code = form.get("consent", ""), form.get("consent_code", "").strip()
    if not code or kind not in {"pin", "sms", "qr"}:
        return None
    return {"type": kind, "pin" if kind == "pin" else "code": code}


_KNOWN: Final = """
SELECT p.id, p.member_id, p.actor, coalesce(p.list_amount, p.amount) AS listed,
       EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id) AS undone
  FROM purchase_external x JOIN purchase p ON p.tenant_id = x.tenant_id AND p.id = x.purchase_id
 WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = $3"""


async def recorded_before(form: Form, branch_id: UUID, currency: str, number: str) -> UUID | None:
    """The sale of this very form, where the till never heard the answer: by its number, clerk, amount and member. What
    it costs isn't asked again: the sale itself may have lifted the member since.

    Raises DomainError `external-id-conflict` for another sale under that number.
    """
    row = await connection().fetchrow(_KNOWN, current().tenant_id, branch_id, number)
    if row is None:
        return None
    same = row["actor"] == current().principal.actor and row["listed"] == amount_of(form.get("amount", ""), currency)
    if same and (named := form.get("member_id", "")):
        same = row["member_id"] in await united(id_of(named, "member_id"))
    if not same:
        raise DomainError("external-id-conflict", params={"external_id": number})
    found: UUID = row["id"]
    return found

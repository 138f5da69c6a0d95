"""Money that came in by a card, and money given back: charges, invoice payments, /v1/refunds."""

from saas.local.stripe_sandbox.billing.changing import change, present
from saas.local.stripe_sandbox.errors import invalid, missing
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object, Store


def record(store: Store, invoice: Object, now: int, method: str | None) -> None:
    """The charge that paid an invoice, and the payment by which the invoice knows it."""
    intent, amount = store.new_id("pi"), invoice["amount_due"]
    charge = present({
        "id": store.new_id("ch"),
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": {},
        "captured": True,
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "disputed": False,
        "livemode": False,
        "metadata": {},
        "paid": True,
        "payment_intent": intent,
        "payment_method": method,
        "refunded": False,
        "status": "succeeded",
    })  # fmt: skip
    emit(store, "charge.succeeded", store.put(charge))
    store.put(
        {
            "id": store.new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": amount,
            "amount_requested": amount,
            "created": now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "status": "paid",
            "status_transitions": {"paid_at": now},
        }
    )


@route("GET", "/v1/invoice_payments", params="InvoicePaymentListParams", object="invoice_payment")
def invoice_payments(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("invoice", "status") if key in call.params}
    return call.page(call.store.find("invoice_payment", **equal), "invoice", "status")


@route("GET", "/v1/charges/{charge}", params="ChargeRetrieveParams", object="charge")
def charge(call: Call) -> Object:
    call.only()
    return call.must("charge", "charge")


@route("POST", "/v1/refunds", params="RefundCreateParams", object="refund")
def refund(call: Call) -> Object:
    """All of what is left of a charge, or `amount` of it. The invoice stays paid."""
    call.only("payment_intent", "charge", "amount", "reason", "metadata")
    store, given = call.store, call.params
    paid = _paid_by(store, given.get("payment_intent"), given.get("charge"))
    left = paid["amount"] - paid["amount_refunded"]
    amount = given.get("amount", left)
    if left == 0:
        raise invalid(f"Charge {paid['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).", "amount")
    made = present({
        "id": store.new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": paid["id"],
        "created": store.now(paid),
        "currency": paid["currency"],
        "metadata": merged({}, given.get("metadata", {})),
        "payment_intent": paid["payment_intent"],
        "reason": given.get("reason"),
        "status": "succeeded",
        "_customer": paid["customer"],
    })  # fmt: skip
    store.put(made)
    refunded = paid["amount_refunded"] + amount
    change(store, paid, "charge.refunded", amount_refunded=refunded, refunded=refunded == paid["amount"])
    emit(store, "refund.created", made)
    return made


def _paid_by(store: Store, intent: str | None, charge_id: str | None) -> Object:
    if charge_id is not None:
        return store.must("charge", charge_id, "charge")
    if intent is None:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    found = store.find("charge", payment_intent=intent)
    if not found:
        raise missing("payment_intent", intent, "payment_intent")
    return found[0]


@route("GET", "/v1/refunds", params="RefundListParams", object="refund")
def refunds(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("payment_intent", "charge") if key in call.params}
    created = call.params.get("created")
    found = [one for one in call.store.find("refund", **equal) if within(one["created"], created)]
    return call.page(found, *equal, "created")


@route("GET", "/v1/refunds/{refund}", params="RefundRetrieveParams", object="refund")
def one_refund(call: Call) -> Object:
    call.only()
    return call.must("refund", "refund")

"""/v1/invoices, /v1/invoiceitems."""

from typing import Any

from saas.local.stripe_sandbox.billing import collecting, drafts
from saas.local.stripe_sandbox.billing.changing import change
from saas.local.stripe_sandbox.billing.paying import method_for, refusal
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object


@route("GET", "/v1/invoices", params="InvoiceListParams", object="invoice")
def index(call: Call) -> Object:
    given = call.params
    equal: dict[str, Any] = {key: given[key] for key in ("customer", "status", "collection_method") if key in given}
    if "subscription" in given:
        equal["_subscription"] = given["subscription"]
    found = [
        invoice
        for invoice in call.store.find("invoice", **equal)
        if within(invoice["created"], given.get("created"))
        and ("due_date" not in given or ("due_date" in invoice and within(invoice["due_date"], given["due_date"])))
    ]
    return call.page(found, "customer", "status", "collection_method", "subscription", "created", "due_date")


@route("GET", "/v1/invoices/{invoice}", params="InvoiceRetrieveParams", object="invoice")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("invoice", "invoice")


@route("POST", "/v1/invoices/{invoice}", params="InvoiceUpdateParams", object="invoice")
def update(call: Call) -> Object:
    call.only("auto_advance", "metadata", "description")
    invoice, given = call.must("invoice", "invoice"), call.params
    values: dict[str, Any] = {key: given[key] for key in ("auto_advance", "description") if key in given}
    if "metadata" in given:
        values["metadata"] = merged(invoice["metadata"], given["metadata"])
    if invoice["status"] not in {"draft", "open"} and "auto_advance" in values:
        raise invalid(f"This invoice is {invoice['status']}; auto_advance can't be changed.", "auto_advance")
    change(call.store, invoice, "invoice.updated", **values)
    if invoice["status"] == "draft" and given.get("auto_advance"):
        drafts.finalize_later(call.store, invoice, call.store.now(invoice))
    return call.must("invoice", "invoice")


@route("GET", "/v1/invoices/{invoice}/lines", params="InvoiceLineItemListParams", object="line_item")
def lines(call: Call) -> Object:
    return call.page(call.must("invoice", "invoice")["lines"]["data"])


@route("POST", "/v1/invoices/{invoice}/finalize", params="InvoiceFinalizeInvoiceParams", object="invoice")
def finalize(call: Call) -> Object:
    """Open at once; collection goes on by itself about an hour later unless `auto_advance` is false."""
    call.only("auto_advance")
    store = call.store
    invoice = call.must("invoice", "invoice")
    now = store.now(invoice)
    automatic = call.params.get("auto_advance", invoice["auto_advance"])
    invoice = collecting.finalize(store, invoice | {"auto_advance": automatic}, now)
    if invoice["status"] == "open" and automatic and invoice["collection_method"] == "charge_automatically":
        store.at(now + drafts.HOUR, "invoice.retry", invoice["id"])
        change(store, invoice, "invoice.updated", next_payment_attempt=now + drafts.HOUR)
    return invoice


@route("POST", "/v1/invoices/{invoice}/pay", params="InvoicePayParams", object="invoice")
def pay(call: Call) -> Object:
    """Charge it now, or note that it was paid outside of Stripe. A refusal is a 402 and stays on the invoice."""
    call.only("payment_method", "paid_out_of_band", "off_session")
    store, given = call.store, call.params
    invoice = call.must("invoice", "invoice")
    now = store.now(invoice)
    if invoice["status"] == "draft":
        invoice = collecting.finalize(store, invoice, now)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise invalid("This invoice is void and can't be paid.", code="invoice_not_editable")
    if given.get("paid_out_of_band"):
        return collecting.mark_paid(store, invoice, now, out_of_band=True)
    method = given.get("payment_method") or method_for(store, invoice)
    if method is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a payment method.",
            code="invoice_payment_intent_requires_action",
        )
    if store.must("payment_method", method, "payment_method").get("customer") != invoice["customer"]:
        raise invalid(f"The payment method {method} doesn't belong to the invoice's customer.", "payment_method")
    on_session = not given.get("off_session", True)
    outcome = collecting.attempt(store, invoice, now, method, on_session=on_session, retries=False)
    if not outcome.paid:
        raise refusal(outcome, keep=True)
    return store.must("invoice", invoice["id"])


@route("POST", "/v1/invoices/{invoice}/void", params="InvoiceVoidInvoiceParams", object="invoice")
def void(call: Call) -> Object:
    call.only()
    invoice = call.must("invoice", "invoice")
    return collecting.void(call.store, invoice, call.store.now(invoice))


@route("POST", "/v1/invoices/{invoice}/mark_uncollectible", params="InvoiceMarkUncollectibleParams", object="invoice")
def mark_uncollectible(call: Call) -> Object:
    call.only()
    invoice = call.must("invoice", "invoice")
    return collecting.mark_uncollectible(call.store, invoice, call.store.now(invoice))


@route("GET", "/v1/invoiceitems", params="InvoiceItemListParams", object="invoiceitem")
def invoice_items(call: Call) -> Object:
    """`pending`: only those that wait for an invoice, or only those that don't."""
    given = call.params
    equal: dict[str, Any] = {key: given[key] for key in ("customer", "invoice") if key in given}
    if "pending" in given:
        equal["_waits"] = given["pending"]
    return call.page(call.store.find("invoiceitem", **equal), "customer", "invoice", "pending")

"""The pages of Checkout and of an invoice, and Checkout's completion for tests."""

from typing import Any

from saas.local.stripe_sandbox.billing import checkout, collecting
from saas.local.stripe_sandbox.billing.changing import undone_on_error
from saas.local.stripe_sandbox.billing.methods import alipay, attach_new
from saas.local.stripe_sandbox.billing.page_text import card_form, error_line, frame, lines_table, link
from saas.local.stripe_sandbox.billing.paying import method_for, refusal
from saas.local.stripe_sandbox.billing.wording import money, product_name
from saas.local.stripe_sandbox.control import ACTIONS
from saas.local.stripe_sandbox.errors import StripeError
from saas.local.stripe_sandbox.kernel import Sandbox
from saas.local.stripe_sandbox.routes import Call, Page, page
from saas.local.stripe_sandbox.store import Cause, Object

_BUSINESS = (
    '<label for="name">Business name</label><input id="name" name="name">'
    '<label for="tax_id">Tax ID</label><input id="tax_id" name="tax_id">'
)


@page("GET", "/checkout/{session}")
def checkout_page(call: Call) -> Page:
    return _checkout(call, call.must("checkout.session", "session"))


def _checkout(call: Call, session: Object, error: str | None = None) -> Page:
    if session["status"] != "open":
        return frame("Checkout", f"<p>This session is {session['status']}.</p>", status=410)
    back = link(session["cancel_url"], "Back") if "cancel_url" in session else ""
    extra = _BUSINESS if "tax_id_collection" in session else ""
    if session["mode"] == "setup":
        return frame("Save a card", error_line(error) + card_form("Save card", required=True) + back)
    prices = [call.store.must("price", item["price"]) for item in session["_given_items"]]
    names = ", ".join(dict.fromkeys(product_name(call.store, price) for price in prices))
    due = money(session["amount_total"], session["currency"])
    form = card_form("Subscribe", required=checkout.needs_card(session), extra=extra)
    return frame(f"Subscribe to {names}", f"<p>Due now: <b>{due}</b></p>" + error_line(error) + form + back)


@page("POST", "/checkout/{session}")
def checkout_submit(call: Call) -> Page:
    """A card that is declined is told on the page, and another one may be tried."""
    session, given = call.must("checkout.session", "session"), call.params
    try:
        with undone_on_error(call.store):
            done = checkout.complete(
                call.store,
                session,
                given.get("card", "").replace(" ", "") or None,
                call.store.now(session),
                name=given.get("name", ""),
                tax_id=given.get("tax_id", ""),
            )
    except StripeError as error:
        return _checkout(call, call.must("checkout.session", "session"), str(error))
    return Page("", location=done["success_url"].replace("{CHECKOUT_SESSION_ID}", done["id"]))


def _complete(sandbox: Sandbox, given: dict[str, Any]) -> Object:
    """POST /_sandbox/checkout/complete {session, card?, name?, tax_id?}: as if a person had filled in the page."""
    with sandbox.store.transaction():
        sandbox.store.cause = Cause()
        session = sandbox.store.must("checkout.session", given["session"])
        rest = {key: given[key] for key in ("name", "tax_id") if key in given}
        done = checkout.complete(sandbox.store, session, given.get("card"), sandbox.store.now(session), **rest)
    return {"id": done["id"], "status": done["status"], "subscription": done.get("subscription")}


ACTIONS["POST", "checkout/complete"] = _complete


@page("GET", "/invoice/{invoice}")
def invoice_page(call: Call) -> Page:
    return _invoice(call, call.must("invoice", "invoice"))


def _invoice(call: Call, invoice: Object, error: str | None = None) -> Page:
    title = f"Invoice {invoice.get('number', '(draft)')}: {invoice['status']}"
    table = lines_table(invoice["lines"]["data"], invoice["total"], invoice["currency"])
    if invoice["status"] not in {"open", "uncollectible"}:
        return frame(title, table)
    saved = method_for(call.store, invoice) is not None
    due = f"<p>To pay: <b>{money(invoice['amount_remaining'], invoice['currency'])}</b></p>"
    form = card_form("Pay", required=not saved)
    if invoice["collection_method"] == "send_invoice":
        form += '<form method="post"><button name="do" value="alipay">Pay with Alipay</button></form>'
    return frame(title, table + due + error_line(error) + form)


@page("POST", "/invoice/{invoice}")
def invoice_pay(call: Call) -> Page:
    """Pay with a new card, or authenticate and pay with the one that is saved; one that was sent, with Alipay too."""
    store, invoice = call.store, call.must("invoice", "invoice")
    now, card = store.now(invoice), call.params.get("card", "").replace(" ", "")
    if invoice["status"] in {"open", "uncollectible"}:
        try:
            if call.params.get("do") == "alipay" and invoice["collection_method"] == "send_invoice":
                method: str | None = alipay(store, now)["id"]
            else:
                method = attach_new(store, invoice["customer"], card, now)["id"] if card else method_for(store, invoice)
        except StripeError as error:
            return _invoice(call, invoice, str(error))
        outcome = collecting.attempt(store, invoice, now, method, on_session=True, retries=False)
        if not outcome.paid:
            return _invoice(call, call.must("invoice", "invoice"), str(refusal(outcome, keep=True)))
    return _invoice(call, call.must("invoice", "invoice"))


@page("GET", "/invoice/{invoice}/pdf")
def invoice_document(call: Call) -> Page:
    """Where `invoice_pdf` leads: the invoice to print."""
    invoice = call.must("invoice", "invoice")
    table = lines_table(invoice["lines"]["data"], invoice["total"], invoice["currency"])
    return frame(f"Invoice {invoice.get('number', '')}", table)

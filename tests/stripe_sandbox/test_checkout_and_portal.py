"""Checkout and the portal: by their pages as a person, and by the control as a test."""

import re
from typing import Any

import httpx
import pytest
import stripe
from stripe_sandbox.billing_world import DAY, START, World, world

__all__ = ["world"]  # a fixture

HOUR = 3600
DONE = "http://127.0.0.1:1/done"


def opened(world: World, **more: Any) -> stripe.checkout.Session:
    base, usage = world.prices["growth"]
    given = {
        "mode": "subscription",
        "customer": world.customer,
        "line_items": [{"price": base, "quantity": 1}, {"price": usage}],
        "success_url": DONE + "?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:1/left",
        "client_reference_id": "tenant-1",
        "subscription_data": {"metadata": {"tenant_id": "tenant-1"}},
        **more,
    }
    return world.v1.checkout.sessions.create(given)


def typed(address: str, **form: str) -> httpx.Response:
    return httpx.post(address, data={"do": "pay", **form})


def test_a_person_pays_on_the_page(world: World) -> None:
    session = opened(world, tax_id_collection={"enabled": True}, customer_update={"name": "auto"})
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 59_900)
    shown = httpx.get(session.url)
    assert shown.status_code == 200
    for text in ("Growth", "CN¥599.00", "http://127.0.0.1:1/left", "4242"):
        assert text in shown.text
    answer = typed(session.url, card="4242 4242 4242 4242", name="茶馆", tax_id="91310000")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{DONE}?session={session.id}")
    session = world.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "line_items"]})
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.subscription.status == "active"
    assert session.subscription.metadata.to_dict() == {"tenant_id": "tenant-1"}
    method = world.v1.payment_methods.retrieve(session.subscription.default_payment_method)
    assert (method.customer, method.card.last4) == (world.customer, "4242")
    assert session.customer_details.tax_ids[0].value == "91310000"
    assert world.v1.customers.retrieve(world.customer).name == "茶馆"
    assert [item.amount_total for item in session.line_items.data] == [59_900, 0]
    told = world.events()
    for name in ("checkout.session.completed", "payment_method.attached", "customer.subscription.created"):
        assert told.count(name) == 1


def test_a_declined_card_leaves_the_page_open(world: World) -> None:
    session = opened(world)
    before = world.events()
    for card in ("4000000000000002", "4000000000000341", "1234"):
        answer = typed(session.url, card=card)
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text
    assert typed(session.url).status_code == 200
    assert world.events() == before
    assert world.v1.subscriptions.list({"customer": world.customer}).data == []
    assert typed(session.url, card="4242424242424242").status_code == 303


def test_a_session_completes_once(world: World) -> None:
    session = opened(world)
    done = world.box.control("POST", "checkout/complete", session=session.id, card="4242424242424242")
    assert done["status"] == "complete"
    assert typed(session.url, card="4242424242424242").status_code == 410
    with pytest.raises(AssertionError):
        world.box.control("POST", "checkout/complete", session=session.id, card="4242424242424242")
    with pytest.raises(stripe.InvalidRequestError):
        world.v1.checkout.sessions.expire(session.id)
    assert len(world.v1.subscriptions.list({"customer": world.customer}).data) == 1


def test_a_trial_needs_no_card(world: World) -> None:
    trial = {"trial_end": START + 10 * DAY, "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
    session = opened(world, payment_method_collection="if_required", subscription_data=trial)
    assert session.amount_total == 0
    world.box.control("POST", "checkout/complete", session=session.id)
    session = world.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (session.payment_status, session.subscription.status) == ("no_payment_required", "trialing")
    assert session.subscription.trial_settings.end_behavior.missing_payment_method == "pause"
    with pytest.raises(stripe.InvalidRequestError):
        opened(world, subscription_data={"trial_end": START + 47 * HOUR})


def test_a_session_expires(world: World) -> None:
    first, second = opened(world), opened(world, expires_at=START + HOUR)
    assert world.v1.checkout.sessions.expire(first.id).status == "expired"
    assert httpx.get(first.url).status_code == 410
    world.to(START + HOUR)
    assert world.v1.checkout.sessions.retrieve(second.id).status == "expired"
    assert world.events().count("checkout.session.expired") == 2
    assert len(world.v1.checkout.sessions.list({"customer": world.customer, "status": "expired"}).data) == 2


def test_a_card_is_saved_by_a_setup_session(world: World) -> None:
    session = world.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "cny", "customer": world.customer, "success_url": DONE}
    )
    assert typed(session.url, card="4000002500003155").status_code == 303
    session = world.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert session.setup_intent.status == "succeeded"
    method = session.setup_intent.payment_method
    assert world.v1.payment_methods.retrieve(method).customer == world.customer
    assert "setup_intent.succeeded" in world.events()
    sub = world.subscribe(default_payment_method=method, off_session=True)
    assert sub.status == "active"  # set up by its holder, it needs him no more


def test_an_open_invoice_is_paid_on_its_page(world: World) -> None:
    world.card("pm_card_authenticationRequired")
    sub = world.subscribe(off_session=True)
    invoice = world.v1.invoices.retrieve(sub.latest_invoice)
    assert "To pay" in httpx.get(invoice.hosted_invoice_url).text
    assert 'role="alert"' in typed(invoice.hosted_invoice_url, card="4000000000000341").text
    typed(invoice.hosted_invoice_url)  # its holder is there
    assert world.sub(sub).status == "active"
    assert invoice.number in httpx.get(invoice.invoice_pdf).text


def portal(world: World, **features: Any) -> str:
    settings = {"features": {name: {"enabled": True} for name in features} | {"invoice_history": {"enabled": True}}}
    chosen = world.v1.billing_portal.configurations.create(settings).id
    given = {"customer": world.customer, "configuration": chosen, "return_url": "http://127.0.0.1:1/billing"}
    return world.v1.billing_portal.sessions.create(given).url


def test_a_new_card_in_the_portal_pays_from_then_on(world: World) -> None:
    old = world.card("pm_card_chargeCustomerFail", default=False)
    sub = world.subscribe(default_payment_method=old)
    assert sub.status == "incomplete"
    url = portal(world, payment_method_update=True)
    page = httpx.get(url).text
    assert "http://127.0.0.1:1/billing" in page
    assert re.search(r"/invoice/in_\w+", page)
    assert 'role="alert"' in typed(url, card="4000000000000002").text
    assert typed(url, card="5555 5555 5555 4444").status_code == 303
    sub = world.v1.subscriptions.retrieve(sub.id, {"expand": ["default_payment_method"]})
    assert sub.default_payment_method.card.brand == "mastercard"
    settings = world.v1.customers.retrieve(world.customer).invoice_settings
    assert settings.default_payment_method == sub.default_payment_method.id
    world.v1.invoices.pay(sub.latest_invoice)
    assert world.sub(sub).status == "active"


def test_the_portal_ends_a_subscription_by_cancel_at(world: World) -> None:
    world.card()
    sub = world.subscribe()
    url = portal(world, subscription_cancel=True)
    httpx.post(url, data={"do": "cancel"})
    ending = world.sub(sub)
    assert (ending.cancel_at, ending.cancel_at_period_end) == (ending["items"].data[0].current_period_end, False)
    httpx.post(url, data={"do": "renew"})
    assert "cancel_at" not in world.sub(sub)
    forbidden = portal(world)
    httpx.post(forbidden, data={"do": "cancel"})
    assert "cancel_at" not in world.sub(sub)


def test_a_refund(world: World) -> None:
    world.card()
    sub = world.subscribe()
    payment = world.v1.invoice_payments.list({"invoice": sub.latest_invoice, "status": "paid"}).data[0]
    intent = payment.payment.payment_intent
    part = world.v1.refunds.create({"payment_intent": intent, "amount": 900})
    rest = world.v1.refunds.create({"payment_intent": intent, "reason": "duplicate"})
    assert (part.amount, rest.amount, rest.status) == (900, 59_000, "succeeded")
    assert world.v1.charges.retrieve(rest.charge).refunded
    with pytest.raises(stripe.InvalidRequestError) as again:
        world.v1.refunds.create({"payment_intent": intent})
    assert again.value.code == "charge_already_refunded"
    assert len(world.v1.refunds.list({"payment_intent": intent}).data) == 2
    assert world.events().count("charge.refunded") == 2


def test_an_invoice_that_was_sent_is_paid_with_alipay(world: World) -> None:
    sub = world.subscribe(collection_method="send_invoice", days_until_due=15)
    world.to(START + HOUR)
    invoice = world.v1.invoices.retrieve(world.sub(sub).latest_invoice)
    assert "Alipay" in httpx.get(invoice.hosted_invoice_url).text
    httpx.post(invoice.hosted_invoice_url, data={"do": "alipay"})
    assert world.v1.invoices.retrieve(invoice.id).status == "paid"
    payment = world.v1.invoice_payments.list({"invoice": invoice.id}).data[0].payment.payment_intent
    disputed = world.box.control("POST", "charges/dispute", payment_intent=payment)
    assert world.v1.charges.retrieve(disputed["charge"]).disputed
    newest = world.v1.events.list({"type": "charge.dispute.created"}).data[0]
    assert newest.data.object.charge == disputed["charge"]

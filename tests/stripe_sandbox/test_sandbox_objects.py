"""Customers, products, prices, cards, setup intents: what the SDK makes of them."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from support.stripe_box import StripeBox


@pytest.fixture
def customer(stripe_box: StripeBox) -> stripe.Customer:
    return stripe_box.client.v1.customers.create({"name": "青禾", "email": f"{uuid4().hex}@example.com"})


def test_a_customer_lives_changes_and_goes(stripe_box: StripeBox, customer: stripe.Customer) -> None:
    customers = stripe_box.client.v1.customers
    changed = customers.update(
        customer.id, {"metadata": {"tenant_id": "t", "x": "y"}, "address": {"country": "CN", "city": "上海"}}
    )
    assert changed.metadata.to_dict() == {"tenant_id": "t", "x": "y"}
    assert customers.update(customer.id, {"metadata": {"x": ""}}).metadata.to_dict() == {"tenant_id": "t"}
    assert customers.update(customer.id, {"metadata": ""}).metadata.to_dict() == {}
    found = customers.list({"email": customer.email or ""})
    assert [one.id for one in found.data] == [customer.id]
    with pytest.raises(stripe.InvalidRequestError, match="Invalid email"):
        customers.update(customer.id, {"email": "nobody"})
    with pytest.raises(stripe.InvalidRequestError, match="up to 40 characters"):
        customers.update(customer.id, {"metadata": {"k" * 41: "v"}})
    assert customers.delete(customer.id).deleted
    gone = customers.retrieve(customer.id)
    assert gone.deleted
    assert not hasattr(gone, "email")
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.update(customer.id, {"name": "x"})


def test_lists_are_paged_both_ways(stripe_box: StripeBox) -> None:
    customers, clock = stripe_box.client.v1.customers, stripe_box.new_clock(1_800_000_000)
    made = [customers.create({"name": str(n), "test_clock": clock}).id for n in range(5)][::-1]
    first = customers.list({"test_clock": clock, "limit": 2})
    assert ([one.id for one in first.data], first.has_more) == (made[:2], True)
    rest = customers.list({"test_clock": clock, "limit": 3, "starting_after": made[1]})
    assert ([one.id for one in rest.data], rest.has_more) == (made[2:], False)
    before = customers.list({"test_clock": clock, "limit": 2, "ending_before": made[4]})
    assert ([one.id for one in before.data], before.has_more) == (made[2:4], True)
    assert [one.id for one in customers.list({"test_clock": clock, "limit": 2}).auto_paging_iter()] == made
    for wrong in ({"limit": 101}, {"limit": 0}, {"starting_after": "cus_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            customers.list(wrong)  # type: ignore[arg-type]


def test_expansion_fills_in_what_is_asked_for(stripe_box: StripeBox) -> None:
    client, clock = stripe_box.client, stripe_box.new_clock(1_800_000_000)
    customer = client.v1.customers.create({"test_clock": clock, "expand": ["test_clock"]})
    assert customer.test_clock["frozen_time"] == 1_800_000_000  # type: ignore[index]
    listed = client.v1.customers.list({"test_clock": clock, "expand": ["data.test_clock"]})
    assert listed.data[0].test_clock["object"] == "test_helpers.test_clock"  # type: ignore[index]
    for wrong in ("colour", "email.x", "test_clock.a.b.c.d"):
        with pytest.raises(stripe.InvalidRequestError, match="expand"):
            client.v1.customers.retrieve(customer.id, {"expand": [wrong]})


def test_prices_of_a_plan(stripe_box: StripeBox) -> None:
    prices, products = stripe_box.client.v1.prices, stripe_box.client.v1.products
    name = uuid4().hex
    product = products.create({"name": "Starter", "id": f"plan_{name}"})
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        products.create({"name": "Starter", "id": product.id})
    base = prices.create(
        {
            "currency": "cny",
            "product": product.id,
            "unit_amount": 19900,
            "recurring": {"interval": "month"},
            "lookup_key": f"{name}_base",
        }
    )
    assert (base.type, base.unit_amount, base.unit_amount_decimal) == ("recurring", 19900, Decimal(19900))
    assert base.recurring is not None
    assert (base.recurring.usage_type, base.recurring.interval_count, base.recurring.meter) == ("licensed", 1, None)
    meter = stripe_box.client.v1.billing.meters.create(
        {"display_name": "m", "event_name": name, "default_aggregation": {"formula": "last"}}
    )
    usage = prices.create(
        {
            "currency": "CNY",
            "product": product.id,
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": 1000, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": Decimal("4.9")}],
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
        }
    )
    assert (usage.currency, usage.unit_amount) == ("cny", None)
    assert not hasattr(usage, "tiers")
    shown = prices.retrieve(usage.id, {"expand": ["tiers", "product"]})
    assert shown.tiers is not None
    assert [(tier.up_to, tier.unit_amount, tier.unit_amount_decimal) for tier in shown.tiers] == [
        (1000, 0, Decimal(0)),
        (None, None, Decimal("4.9")),
    ]
    assert shown.product["name"] == "Starter"  # type: ignore[index]

    successor = {"currency": "cny", "product": product.id, "unit_amount": 29900, "lookup_key": f"{name}_base"}
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        prices.create(successor)  # type: ignore[arg-type]
    moved = prices.create({**successor, "transfer_lookup_key": True})  # type: ignore[arg-type]
    assert [one.id for one in prices.list({"lookup_keys": [f"{name}_base"]}).data] == [moved.id]
    assert prices.retrieve(base.id).lookup_key is None
    assert not prices.update(base.id, {"active": False}).active
    assert {one.id for one in prices.list({"product": product.id, "active": True}).data} == {usage.id, moved.id}
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        products.delete(product.id)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"recurring": {"interval": "month", "usage_type": "metered"}}, "backed by meters"),
        ({"recurring": {"interval": "month", "meter": "m"}}, "usage_type=metered"),
        ({"unit_amount_decimal": "1.5"}, "not both"),
        ({"currency": "jpy"}, "does not simulate"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": [{"up_to": "inf"}]}, "does not simulate"),
        (
            {
                "billing_scheme": "tiered",
                "tiers_mode": "graduated",
                "tiers": [{"up_to": 10, "unit_amount": 1}, {"up_to": 5, "unit_amount": 1}],
            },
            "must ascend",
        ),
        ({"tiers": [{"up_to": "inf", "flat_amount": 5}]}, "tiers.flat_amount"),
        ({"product_data": {"name": "x"}}, "product_data"),
        ({"recurring": {"interval": "year", "interval_count": 4}}, "three years"),
    ],
)
def test_prices_that_are_none(stripe_box: StripeBox, more: dict[str, Any], said: str) -> None:
    product = stripe_box.client.v1.products.create({"name": "x"})
    given = {"currency": "cny", "product": product.id, "unit_amount": 100, **more}
    with pytest.raises(stripe.StripeError, match=said):
        stripe_box.client.v1.prices.create(given)  # type: ignore[arg-type]


def test_a_card_is_attached_made_default_and_taken_off(stripe_box: StripeBox, customer: stripe.Customer) -> None:
    client = stripe_box.client
    methods = client.v1.payment_methods
    card = methods.attach("pm_card_visa", {"customer": customer.id})
    assert card.id.startswith("pm_")
    assert card.card is not None
    assert (card.card.brand, card.card.last4, card.customer) == ("visa", "4242", customer.id)
    assert not hasattr(card, "_card")
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    listed = client.v1.customers.payment_methods.list(customer.id, {"type": "card"})
    assert [one.id for one in listed.data] == [card.id]
    assert methods.update(card.id, {"card": {"exp_year": 2044, "exp_month": 1}}).card["exp_year"] == 2044
    methods.detach(card.id)
    after = client.v1.customers.retrieve(customer.id)
    assert after.invoice_settings is not None
    assert after.invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        methods.attach(card.id, {"customer": customer.id})
    other = methods.attach("pm_card_mastercard", {"customer": client.v1.customers.create({}).id})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        methods.attach(other.id, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": other.id}})


@pytest.mark.parametrize(
    ("name", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    ],
)
def test_a_declined_card_cannot_be_attached(
    stripe_box: StripeBox, customer: stripe.Customer, name: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        stripe_box.client.v1.payment_methods.attach(name, {"customer": customer.id})
    assert (declined.value.code, declined.value.json_body["error"]["decline_code"]) == (code, decline_code)
    assert stripe_box.client.v1.customers.payment_methods.list(customer.id).data == []


def test_cards_by_number_and_token(stripe_box: StripeBox) -> None:
    methods = stripe_box.client.v1.payment_methods
    made = methods.create({"type": "card", "card": {"token": "tok_mastercard"}, "billing_details": {"name": "李"}})
    assert (made.card["brand"], made.billing_details.name, made.customer) == ("mastercard", "李", None)
    number = {"number": "4000000000000341", "exp_month": 1, "exp_year": 2040}
    assert methods.create({"type": "card", "card": number}).card["last4"] == "0341"  # type: ignore[typeddict-item]
    with pytest.raises(stripe.CardError, match="card number is incorrect"):
        methods.create({"type": "card", "card": {**number, "number": "4000000000000000"}})  # type: ignore[typeddict-item]
    with pytest.raises(stripe.InvalidRequestError, match="No such token"):
        methods.create({"type": "card", "card": {"token": "tok_none"}})
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod: 'pm_card_none'"):
        methods.retrieve("pm_card_none")
    with pytest.raises(stripe.APIError, match="payment methods but cards"):
        methods.create({"type": "alipay"})


def test_a_setup_keeps_a_card(stripe_box: StripeBox, customer: stripe.Customer) -> None:
    intents = stripe_box.client.v1.setup_intents
    intent = intents.create({"customer": customer.id, "usage": "off_session"})
    assert intent.status == "requires_payment_method"
    intent = intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "succeeded"
    card = stripe_box.client.v1.payment_methods.retrieve(str(intent.payment_method))
    assert card.customer == customer.id
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded") as over:
        intents.cancel(intent.id)
    assert over.value.code == "setup_intent_unexpected_state"


def test_a_setup_that_fails_says_why_and_may_be_tried_again(stripe_box: StripeBox, customer: stripe.Customer) -> None:
    client = stripe_box.client
    intent = client.v1.setup_intents.create({"customer": customer.id})
    with pytest.raises(stripe.CardError) as declined:
        client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
    assert declined.value.json_body["error"]["setup_intent"]["id"] == intent.id
    intent = client.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_setup_error is not None
    assert intent.last_setup_error.code == "card_declined"
    types = [event.type for event in client.v1.events.list({"type": "setup_intent.*"}).data]
    assert types[:2] == ["setup_intent.setup_failed", "setup_intent.created"]
    again = client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_chargeCustomerFail"})
    assert again.status == "succeeded"
    assert again.last_setup_error is None


@pytest.mark.parametrize(("outcome", "status"), [("confirm", "succeeded"), ("refuse", "requires_payment_method")])
def test_a_card_whose_holder_must_confirm(
    stripe_box: StripeBox, customer: stripe.Customer, outcome: str, status: str
) -> None:
    intents = stripe_box.client.v1.setup_intents
    intent = intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "confirm": True,
            "return_url": "https://example.com/back",
        }
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    url = intent.next_action.redirect_to_url.url
    assert url is not None
    assert "confirm" in httpx.get(url).text
    answer = httpx.post(url, data={"outcome": outcome})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://example.com/back")
    assert intents.retrieve(intent.id).status == status
    assert httpx.post(url, data={"outcome": outcome}).status_code == 409

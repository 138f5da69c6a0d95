"""What is refused: keys, versions, unknown and unsimulated parameters, wrong values; what is answered fits the SDK."""

import importlib
import pkgutil
from typing import Any

import httpx
import pytest
import stripe
import stripe.params
from stripe._object_classes import OBJECT_CLASSES
from support.stripe_box import KEY, StripeBox
from support.stripe_spec import Spec

from saas.local.stripe_sandbox import contract, forms, responses
from saas.local.stripe_sandbox.errors import ContractError
from saas.local.stripe_sandbox.process import refusal


def typed(name: str, form: str) -> dict[str, Any]:
    return contract.typed(name, forms.nested(forms.pairs(form)))


def test_the_sdk_speaks_the_version_that_the_sandbox_was_compared_with() -> None:
    assert stripe.api_version == contract.API_VERSION == "2026-10-28.endive", (
        "stripe-python speaks another version now: read its changelog, compare the sandbox, then record the new one"
    )


def test_every_parameter_class_and_every_resource_of_the_sdk_can_be_read() -> None:
    found = 0
    for module in pkgutil.iter_modules(stripe.params.__path__, "stripe.params."):
        if not module.ispkg:
            imported = importlib.import_module(module.name)
            own = [one for one in vars(imported).values() if getattr(one, "__module__", None) == module.name]
            found += len([contract.fields(one) for one in own if isinstance(one, type)])
    assert found > 2000
    assert all(responses.keys(responses.resource_class(name)) for name in OBJECT_CLASSES if name != "list")


def test_text_becomes_what_stripe_reads_it_as() -> None:
    form = (
        "customer=cus_1&items[1][price]=b&items[0][price]=a&items[0][quantity]=3&trial_end=now&metadata[k]=v"
        "&cancel_at_period_end=true&trial_settings[end_behavior][missing_payment_method]=pause&expand[]=customer"
        "&default_payment_method=pm_1"
    )
    assert typed("SubscriptionCreateParams", form) == {
        "customer": "cus_1",
        "items": [{"price": "a", "quantity": 3}, {"price": "b"}],
        "trial_end": "now",
        "metadata": {"k": "v"},
        "cancel_at_period_end": True,
        "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
        "expand": ["customer"],
        "default_payment_method": "pm_1",
    }
    assert typed("SubscriptionCreateParams", "customer=c&trial_end=1790000000")["trial_end"] == 1790000000
    assert typed("CustomerUpdateParams", "address=&metadata=") == {"address": "", "metadata": ""}
    assert str(typed("PriceCreateParams", "currency=cny&unit_amount_decimal=4.9")["unit_amount_decimal"]) == "4.9"


@pytest.mark.parametrize(
    ("name", "form", "code", "param"),
    [
        ("SubscriptionCreateParams", "customer=c&foo=1", "parameter_unknown", "foo"),
        ("SubscriptionCreateParams", "customer=c&items[0][bar]=1", "parameter_unknown", "items[0][bar]"),
        ("SubscriptionCreateParams", "items[0][price]=p&a[[b]=1", "parameter_unknown", "a[[b]"),
        ("PriceCreateParams", "unit_amount=1", "parameter_missing", "currency"),
        ("SubscriptionCreateParams", "customer=c&days_until_due=soon", "parameter_invalid_integer", "days_until_due"),
        ("SubscriptionCreateParams", "customer=c&trial_end=later", "parameter_invalid_integer", "trial_end"),
        ("SubscriptionCreateParams", "customer=", "parameter_invalid_empty", "customer"),
        ("SubscriptionCreateParams", "customer=c&collection_method=barter", None, "collection_method"),
        ("SubscriptionCreateParams", "customer=c&cancel_at_period_end=1", None, "cancel_at_period_end"),
        ("SubscriptionCreateParams", "customer=c&items=all", None, "items"),
        ("SubscriptionCreateParams", "customer[id]=c", None, "customer"),
        ("PriceCreateParams", "currency=cny&unit_amount_decimal=NaN", None, "unit_amount_decimal"),
        ("PriceCreateParams", "currency=cny&tiers[0]=1", None, "tiers[0]"),
        ("PriceCreateParams", "currency=cny&recurring=1&recurring[interval]=month", None, "recurring[interval]"),
    ],
)
def test_what_stripe_would_not_take_is_refused_in_its_words(name: str, form: str, code: str | None, param: str) -> None:
    with pytest.raises(ContractError) as refused:
        typed(name, form)
    assert refused.value.status == 400
    assert refused.value.error["type"] == "invalid_request_error"
    assert (refused.value.error.get("code"), refused.value.error["param"]) == (code, param)


def test_over_http_the_sdk_raises_its_own_errors(stripe_box: StripeBox) -> None:
    client = stripe_box.client
    with pytest.raises(stripe.InvalidRequestError, match="Received unknown parameter: nickname") as unknown:
        client.v1.customers.create({"nickname": "x"})  # type: ignore[typeddict-unknown-key]
    assert unknown.value.code == "parameter_unknown"
    with pytest.raises(stripe.APIError, match="the parameter balance; the sandbox does not simulate it") as known:
        client.v1.customers.create({"balance": 100})
    assert known.value.http_status == 501
    with pytest.raises(stripe.APIError, match="GET /v1/coupons") as elsewhere:
        client.v1.coupons.list()
    assert elsewhere.value.http_status == 501
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.raw_request("get", "/v1/customer")
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_none'") as none:
        client.v1.customers.retrieve("cus_none")
    assert (none.value.http_status, none.value.code) == (404, "resource_missing")


def test_only_the_key_of_this_sandbox_opens_it(stripe_box: StripeBox) -> None:
    for key in ("sk_test_of_somebody_else", "sk_live_of_the_tests"):
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
            stripe_box.client_with(key).v1.customers.list()
    basic = httpx.get(f"{stripe_box.url}/v1/customers", auth=(KEY, ""))
    assert basic.status_code == 200
    assert httpx.get(f"{stripe_box.url}/v1/customers").status_code == 401
    assert httpx.get(f"{stripe_box.url}/v1/customers", headers={"Authorization": "Basic !"}).status_code == 401
    assert httpx.post(f"{stripe_box.url}/_sandbox/reset").status_code == 401
    foreign = {"Authorization": f"Bearer {KEY}", "Host": "billing.example.com"}
    assert httpx.get(f"{stripe_box.url}/v1/customers", headers=foreign).status_code == 403


def test_another_version_is_not_simulated(stripe_box: StripeBox) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Stripe-Version": "2024-06-20"}
    assert httpx.get(f"{stripe_box.url}/v1/customers", headers=headers).status_code == 501
    headers = {"Authorization": f"Bearer {KEY}", "Stripe-Account": "acct_1"}
    assert httpx.get(f"{stripe_box.url}/v1/customers", headers=headers).status_code == 501


def test_it_refuses_a_live_key_and_a_production_setting() -> None:
    assert "isn't a test key" in (refusal("sk_live_x", "local") or "")
    assert "production" in (refusal("sk_test_x", "production") or "")
    assert refusal("sk_test_x", "local") is refusal("", "test") is None


def test_secrets_are_not_recorded(stripe_box: StripeBox) -> None:
    stripe_box.client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
    )
    made = stripe_box.requests()[-1]
    assert ["card[number]", "***"] in made["params"]
    assert ["card[cvc]", "***"] in made["params"]
    assert "4242" not in str(made)


def test_a_wrong_answer_of_ours_would_be_told() -> None:
    good = {
        "object": "billing.meter_event_summary",
        "id": "1",
        "aggregated_value": 5,
        "end_time": 2,
        "livemode": False,
        "meter": "m",
        "start_time": 1,
    }
    responses.check({"object": "list", "data": [good]})
    for wrong, said in (
        ({**good, "total": 1}, "no such key"),
        ({key: value for key, value in good.items() if key != "meter"}, "meter is missing"),
        ({**good, "start_time": "1"}, "isn't"),
        ({"object": "invoic"}, "no object"),
    ):
        with pytest.raises(responses.WrongAnswerError, match=said):
            responses.check(wrong)


def test_the_second_opinion_says_what_is_wrong(stripe_spec: Spec | None) -> None:
    if stripe_spec is None:
        pytest.skip("Stripe's specification doesn't lie in ../shared/stripe")
    asked = {"method": "POST", "path": "/v1/customers", "error": None}
    assert stripe_spec.wrong({**asked, "params": [["email", "a@b.cc"], ["metadata[a]", "b"], ["address", ""]]}) == []
    assert stripe_spec.wrong({**asked, "params": [["colour", "red"]]}) == ["POST /v1/customers: colour is unknown"]
    assert stripe_spec.wrong({**asked, "params": [["balance", "much"]]}) == [
        "POST /v1/customers: balance is of another type"
    ]
    assert stripe_spec.wrong({**asked, "path": "/v1/meters", "params": []}) == []
    summary = {"method": "GET", "path": "/v1/billing/meters/m/event_summaries", "error": None, "params": []}
    assert len(stripe_spec.wrong(summary)) == 3  # customer, start_time, end_time are missing

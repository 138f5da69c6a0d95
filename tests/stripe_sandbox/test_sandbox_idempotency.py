"""Idempotency keys: the same answer, another request refused, two at once refused; what isn't remembered."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import stripe
from support.stripe_box import KEY, StripeBox


def test_the_same_key_gives_the_same_answer(stripe_box: StripeBox) -> None:
    customers = stripe_box.client.v1.customers
    first = customers.create({"name": "一"}, {"idempotency_key": "once-1"})
    again = customers.create({"name": "一"}, {"idempotency_key": "once-1"})
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert first.last_response is not None
    assert "Idempotent-Replayed" not in first.last_response.headers
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        customers.create({"name": "二"}, {"idempotency_key": "once-1"})
    with pytest.raises(stripe.IdempotencyError):
        stripe_box.client.v1.products.create({"name": "一"}, {"idempotency_key": "once-1"})


def test_a_refusal_is_remembered_but_not_what_was_malformed(stripe_box: StripeBox) -> None:
    client, key = stripe_box.client, {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "refused-1"}
    for replayed in (None, "true"):
        answer = httpx.post(f"{stripe_box.url}/v1/payment_methods/pm_none/attach", data={"customer": "c"}, headers=key)
        assert answer.status_code == 404
        assert answer.headers.get("Idempotent-Replayed") == replayed
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        client.v1.customers.create({"nick": "x"}, {"idempotency_key": "bad-1"})  # type: ignore[typeddict-unknown-key]
    assert client.v1.customers.create({"name": "x"}, {"idempotency_key": "bad-1"}).name == "x"


def test_a_second_request_while_the_first_runs_is_refused(stripe_box: StripeBox) -> None:
    stripe_box.faults({"kind": "slow", "path": "/v1/customers", "seconds": 0.5})
    customers = stripe_box.client.v1.customers
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(customers.create, {"name": "x"}, {"idempotency_key": "both"})
        time.sleep(0.2)
        with pytest.raises(stripe.StripeError, match="in-progress request") as refused:
            customers.create({"name": "x"}, {"idempotency_key": "both"})
        assert refused.value.http_status == 409
        assert refused.value.json_body["error"]["code"] == "idempotency_key_in_use"
        assert customers.create({"name": "x"}, {"idempotency_key": "another"}).id != first.result().id
    assert customers.create({"name": "x"}, {"idempotency_key": "both"}).id == first.result().id


def test_a_lost_answer_is_told_again_by_its_key(stripe_box: StripeBox) -> None:
    stripe_box.faults({"kind": "drop_after", "method": "POST", "path": "/v1/customers"})
    customers = stripe_box.client.v1.customers
    with pytest.raises(stripe.APIConnectionError):
        customers.create({"name": "lost", "email": "lost@example.com"}, {"idempotency_key": "lost-1"})
    made = customers.create({"name": "lost", "email": "lost@example.com"}, {"idempotency_key": "lost-1"})
    assert [one.id for one in customers.list({"email": "lost@example.com"}).data] == [made.id]


@pytest.mark.parametrize("kind", ["429", "500", "drop", "timeout"])
def test_a_fault_before_the_work_leaves_nothing(stripe_box: StripeBox, kind: str) -> None:
    stripe_box.faults({"kind": kind, "path": "/v1/cust*", "seconds": 0.05})
    customers, email = stripe_box.client.v1.customers, f"{kind}@example.com"
    with pytest.raises((stripe.RateLimitError, stripe.APIError, stripe.APIConnectionError)):
        customers.create({"email": email}, {"idempotency_key": f"fault-{kind}"})
    assert customers.list({"email": email}).data == []
    assert customers.create({"email": email}, {"idempotency_key": f"fault-{kind}"}).email == email


def test_a_kept_500_stays_with_its_key_though_the_work_was_done(stripe_box: StripeBox) -> None:
    stripe_box.faults({"kind": "500_kept", "path": "/v1/customers"})
    customers = stripe_box.client.v1.customers
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            customers.create({"email": "kept@example.com"}, {"idempotency_key": "kept-1"})
        assert broken.value.http_status == 500
    assert len(customers.list({"email": "kept@example.com"}).data) == 1


def test_faults_count_down_and_choose(stripe_box: StripeBox) -> None:
    client = stripe_box.client
    stripe_box.faults({"kind": "429", "method": "POST", "path": "/v1/customers", "times": 2})
    client.v1.customers.list()
    client.v1.products.create({"name": "x"})
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.create({})
    client.v1.customers.create({})
    assert stripe_box.control("GET", "faults")["faults"] == []
    with pytest.raises(AssertionError, match="kind must be one of"):
        stripe_box.faults({"kind": "earthquake"})

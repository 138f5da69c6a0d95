"""The sandbox of Stripe as a test has it: a real process, its control, and the check of what was asked of it."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from support.stripe_spec import Spec

ROOT = Path(__file__).parents[2]
KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"
WEBHOOK_URL = "http://127.0.0.1:9/stripe/webhook"  # nobody: the tests hold the deliveries


@dataclass(frozen=True)
class Delivery:
    """A webhook on its way: post `body` with `headers`, then tell `StripeBox.answered` the status."""

    id: str
    event: str
    type: str
    object: str | None
    customer: str | None
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class StripeBox:
    """`client`: the SDK, synchronous; `environ`: what the product needs to use this sandbox."""

    arrives_within = 60.0
    looks_every = 0.005
    records = True
    """Whether `requests` knows what was asked."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.url = url
        self.environ = {
            "STRIPE_API_KEY": key,
            "STRIPE_API_BASE": url,
            "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        }
        self.has_plans = False
        """Whether `regulars billing sync` has been through, for who needs no more than that."""
        self.client = self.client_with(key)
        self._anybody = httpx.Client(timeout=30)
        self._http = httpx.Client(base_url=f"{url}/_sandbox", headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def client_with(self, key: str) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=0)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """A call of `/_sandbox/<path>`; fails with what the sandbox says."""
        self.has_plans = self.has_plans and path != "reset"
        given: dict[str, Any] = {"params": body} if method == "GET" else {"json": body}
        answer = self._http.request(method, path, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def requests(self, after: str | None = None) -> list[dict[str, Any]]:
        """The recorded requests to the API, the oldest first; only those after the request with that id."""
        found: list[dict[str, Any]] = self.control("GET", "requests", **({"after": after} if after else {}))
        return found

    def last_request(self) -> str | None:
        """The id of the newest request."""
        found = self.control("GET", "requests", last="1")
        return found[0]["id"] if found else None

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Turn these on and all others off: `{"kind": "drop_after", "path": "/v1/customers", "times": 1}`."""
        self.control("POST", "faults", faults=list(faults))

    def shuffle(self, seed: int | None) -> None:
        self.control("POST", "webhooks", shuffle=seed)

    def deliveries(self, customer: str | None = None, *, again: bool = False) -> list[Delivery]:
        """What is due, taken; `again`: also what was taken and never answered. With `customer` only what is his."""
        taken = self.control("POST", "webhooks/take", customer=customer, again=again)
        return [
            Delivery(
                one["id"],
                one["event"],
                one["type"],
                one["object"],
                one["customer"],
                one["body"].encode(),
                {"Stripe-Signature": one["signature"], "Content-Type": "application/json"},
            )
            for one in taken
        ]

    def answered(self, delivery: Delivery, status: int | None) -> None:
        self.control("POST", "webhooks/answered", id=delivery.id, status=status)

    def buys(self, session: str, card: str | None, trial_end: int | None) -> str:
        """A person fills in Checkout's page, with this card number or none; the subscription's id."""
        given = {} if card is None else {"card": card}
        told: str = self.control("POST", "checkout/complete", session=session, **given)["subscription"]
        return told

    def fills_in(self, url: str, **form: str) -> httpx.Response:
        """A person sends the form on a page of Stripe's; not redirected."""
        return self._anybody.post(url, data=form)

    def new_clock(self, frozen_time: int) -> str:
        return self.client.v1.test_helpers.test_clocks.create({"frozen_time": frozen_time}).id

    def advance(self, clock: str, to: int) -> None:
        """Move the clock there and wait until everything on the way has happened."""
        clocks = self.client.v1.test_helpers.test_clocks
        found = clocks.advance(clock, {"frozen_time": to})
        deadline = time.monotonic() + self.arrives_within
        while found.status == "advancing":
            assert time.monotonic() < deadline, "the clock doesn't arrive"
            time.sleep(self.looks_every)
            found = clocks.retrieve(clock)
        assert found.status == "ready", found.status

    def settle(self) -> None:
        """Wait for what happens in the background: reported use is counted."""
        while self.control("GET", "health")["underway"]:
            time.sleep(0.005)

    def close(self) -> None:
        self._anybody.close()
        self._http.close()


@pytest.fixture(scope="session")
def stripe_process() -> Iterator[StripeBox]:
    """One sandbox an xdist worker, started when the first test asks for it; webhooks are held.

    With STRIPE_TEST_MODE_KEY it is Stripe's own test mode instead.
    """
    if key := os.environ.get("STRIPE_TEST_MODE_KEY"):
        from support.stripe_test_mode import TestModeBox

        yield TestModeBox("https://api.stripe.com", key)
        return
    command = [sys.executable, "-m", "saas.cli", "stripe-sandbox", "--port", "0", "--webhook", WEBHOOK_URL]
    environment = {**os.environ, "STRIPE_API_KEY": KEY, "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET, "ENVIRONMENT": "test"}
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://[0-9.:]+", process.stdout.readline())
        assert found is not None, "the sandbox of Stripe didn't start"
        box = StripeBox(found[0])
        box.control("POST", "webhooks", mode="hold")
        yield box
        box.close()
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def stripe_spec() -> Spec | None:
    """Stripe's published specification, if it lies beside the repository."""
    return Spec.beside(ROOT)


@pytest.fixture
def stripe_box(stripe_process: StripeBox, stripe_spec: Spec | None) -> Iterator[StripeBox]:
    """The sandbox, without faults; afterwards: it made no mistake, and every request it took fits Stripe's own spec."""
    box = stripe_process
    last = box.last_request()
    box.faults()
    box.shuffle(None)
    yield box
    made = box.requests(last)
    mistakes = [request for request in made if request["error"] in {"sandbox_mistake", "sandbox_not_simulated"}]
    assert not [one for one in mistakes if one["error"] == "sandbox_mistake"], mistakes
    if stripe_spec is not None:
        assert not [wrong for request in made for wrong in stripe_spec.wrong(request)]


@pytest.fixture
async def billing_on(stripe_box: StripeBox, environ: dict[str, str]) -> AsyncIterator[StripeBox]:
    """Billing is on in this process, against the sandbox, for the length of a test."""
    from saas.billing.client import close_stripe
    from saas.settings import get_settings

    with pytest.MonkeyPatch.context() as patched:
        for name, value in stripe_box.environ.items():
            patched.setenv(name, value)
        get_settings.cache_clear()
        yield stripe_box
    await close_stripe()
    get_settings.cache_clear()

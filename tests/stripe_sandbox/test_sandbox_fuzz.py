"""Whatever is asked of it, in the SDK's own parameters: it answers, refuses or says that it doesn't simulate that."""

import random
import re
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlencode

import pytest
from typing_extensions import is_typeddict

from saas.local.stripe_sandbox import clocks, contract
from saas.local.stripe_sandbox.kernel import Request, Sandbox
from saas.local.stripe_sandbox.process import load_routes
from saas.local.stripe_sandbox.resources import test_clocks
from saas.local.stripe_sandbox.routes import ROUTES, Route
from saas.local.stripe_sandbox.store import Store

START = 1_800_000_000
WORDS = (
    "",
    "x",
    "现",
    "pm_card_visa",
    "pm_card_chargeCustomerFail",
    "cny",
    "usd",
    "a@b.cc",
    "https://example.com",
    "5",
)


USUAL: dict[str, tuple[tuple[str, str, str], ...]] = {
    "POST /v1/subscriptions": (("customer", "customer", ""), ("items[0][price]", "price", "")),
    "POST /v1/invoices/create_preview": (("subscription", "subscription", ""),),
    "POST /v1/payment_methods": (("type", "", "card"), ("card[token]", "", "tok_visa")),
    "POST /v1/payment_methods/{payment_method}/attach": (("customer", "customer", ""),),
    "GET /v1/billing/meters/{id}/event_summaries": (
        ("customer", "customer", ""),
        ("start_time", "", str(START)),
        ("end_time", "", str(START + 3600)),
    ),
    "POST /v1/refunds": (("payment_intent", "payment_intent", ""),),
    "POST /v1/checkout/sessions": (
        ("customer", "customer", ""),
        ("mode", "", "subscription"),
        ("success_url", "", "https://example.com"),
        ("line_items[0][price]", "price", ""),
        ("line_items[0][quantity]", "", "1"),
    ),
}
"""What makes a call succeed at times: (parameter, kind whose id it takes, or value)."""


KINDS = {
    "configuration": "billing_portal.configuration",
    "intent": "setup_intent",
    "item": "subscription_item",
    "session": "checkout.session",
    "test_clock": test_clocks.KIND,
}
"""The kinds of what addresses name, where they are called otherwise."""


class Asker:
    """Asks at random, preferring ids that exist and parameters that are known to matter."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated
        self.store = Store(None, "http://127.0.0.1:1")
        self.sandbox = Sandbox(self.store)
        self.statuses: dict[int, int] = {}
        self.said = ""
        self.astray = 0.0  # how often an id is of another kind

    def ask(self, known: Route, given: list[tuple[str, str]] | None = None) -> int:
        path = re.sub(r"\{(\w+)\}", lambda name: self.identifier(_kind(known, name[1])), known.template)
        fields = self.fields(known) if given is None else given
        query, body = ("?" + urlencode(fields), b"") if known.method == "GET" else ("", urlencode(fields).encode())
        headers = {"authorization": "Bearer sk_test_x"}
        answer = self.sandbox.handle(Request(known.method, path + query, headers, body))
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        self.said = answer.body.decode()
        assert answer.status != 500, (known.method, path, fields, self.said)
        return answer.status

    def identifier(self, kind: str | None = None) -> str:
        """One that exists, of that kind if there is one."""
        sql = "SELECT id FROM object WHERE ? IN ('', kind) ORDER BY number DESC LIMIT 30"
        found = self.store.db.execute(sql, (kind if kind and self.chance.random() >= self.astray else "",)).fetchall()
        return str(self.chance.choice(found)[0]) if found else "x"

    def fields(self, known: Route) -> list[tuple[str, str]]:
        assert known.params is not None
        kind = contract.params_class(known.params)
        usual = [
            (key, self.identifier(of) if of else value)
            for key, of, value in USUAL.get(f"{known.method} {known.template}", ())
        ]
        more = self.object(kind, "", self.chance.choice((0, 0.02, 0.1)))
        return list(dict([*more, *usual] if self.chance.random() < 0.8 else [*usual, *more]).items())

    def object(self, kind: type, path: str, share: float) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for name, (hint, required) in contract.fields(kind).items():
            if required or self.chance.random() < share:
                found += self.value(hint, f"{path}[{name}]" if path else name, name)
        return found

    def value(self, hint: Any, path: str, name: str) -> list[tuple[str, str]]:
        parts = [part for part in get_args(hint) if not contract._untyped(part)] if _is_union(hint) else [hint]
        hint = self.chance.choice(parts)
        if get_origin(hint) is list:
            numbers = range(self.chance.randrange(3))
            return [one for number in numbers for one in self.value(get_args(hint)[0], f"{path}[{number}]", name)]
        if get_origin(hint) is dict:
            return [(f"{path}[{self.chance.choice('ab')}]", self.chance.choice(WORDS))]
        if is_typeddict(hint):
            return self.object(hint, path, 0.4)
        return [(path, self.scalar(hint, name))]

    def scalar(self, hint: Any, name: str) -> str:
        if get_origin(hint) is Literal:
            return str(self.chance.choice(get_args(hint)))
        if hint is bool:
            return self.chance.choice(("true", "false"))
        if hint in {int, float}:
            far = START + self.chance.randrange(-90, 90) * 86400
            return str(self.chance.choice((0, 1, 3, 12, 100, -1, far, 10**17)))
        if hint is Decimal:
            return self.chance.choice(("0", "1.5", "-1", "0.0000000000001"))
        kind = {"price": "price", "default_payment_method": "payment_method", "meter": "billing.meter"}.get(name, name)
        return self.identifier(kind) if self.chance.random() < 0.7 else self.chance.choice(WORDS)


def _kind(known: Route, name: str) -> str:
    if name == "id":
        return "billing.meter" if "/meters/" in known.template else str(known.object)
    return KINDS.get(name, name)


def _is_union(hint: Any) -> bool:
    return bool(get_args(hint)) and get_origin(hint) not in {list, dict, Literal}


def furnish(asker: Asker) -> None:
    """A customer with a card on a clock, a meter, prices: so that much of what is asked makes sense."""
    by_call = {(known.method, known.template): known for known in ROUTES}

    def made(template: str, kind: str, **fields: str) -> str:
        named = [(key.replace("__", "[") + "]" * ("__" in key), value) for key, value in fields.items()]
        assert asker.ask(by_call["POST", template], named) == 200, asker.said
        return str(asker.store.find(kind)[0]["id"])

    clock = made("/v1/test_helpers/test_clocks", test_clocks.KIND, frozen_time=str(START))
    customer = made("/v1/customers", "customer", test_clock=clock, email="a@b.cc")
    setup = {"customer": customer, "payment_method": "pm_card_visa", "confirm": "true"}
    made("/v1/setup_intents", "setup_intent", **setup)
    card = asker.store.find("payment_method", customer=customer)[0]["id"]
    asker.ask(by_call["POST", "/v1/customers/{customer}"], [("invoice_settings[default_payment_method]", card)])
    product = made("/v1/products", "product", name="Plan")
    made("/v1/billing/meters", "billing.meter", display_name="m", event_name="m", default_aggregation__formula="last")
    made("/v1/prices", "price", product=product, currency="cny", unit_amount="900", recurring__interval="month")
    made(
        "/v1/subscriptions",
        "subscription",
        customer=customer,
        **{"items[0][price]": asker.store.find("price")[0]["id"]},
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_request_in_the_sdks_parameters_is_a_mistake(seed: int) -> None:
    load_routes()
    asker = Asker(seed)
    routes = [known for known in ROUTES if known.params is not None and not known.template.startswith("/v2/")]
    weights = [4 if known.method == "POST" else 2 if known.method == "GET" else 0.3 for known in routes]
    furnish(asker)
    asker.astray = 0.1
    for step in range(400):
        asker.ask(asker.chance.choices(routes, weights)[0])
        if step % 20 == 19:
            clocks.tick(asker.store)
            test_clocks.advance_all(asker.store)
            assert not asker.store.find(test_clocks.KIND, status="internal_failure")
    assert asker.statuses[200] > 60, asker.statuses

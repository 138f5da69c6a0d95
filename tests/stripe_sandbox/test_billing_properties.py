"""Whatever is done to a subscription: previews come true, credits never exceed debits, no time is billed twice."""

import contextlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stripe_sandbox.billing_world import DAY, PLANS, START

from saas.local.stripe_sandbox import clocks
from saas.local.stripe_sandbox.billing.item_changes import debits_of
from saas.local.stripe_sandbox.billing.standing import newest_final
from saas.local.stripe_sandbox.billing.starting import Wish, start
from saas.local.stripe_sandbox.errors import StripeError
from saas.local.stripe_sandbox.process import load_routes
from saas.local.stripe_sandbox.resources import cards, payment_methods
from saas.local.stripe_sandbox.routes import Call, match
from saas.local.stripe_sandbox.store import Object, Store

SUB, CUSTOMER, CLOCK = "subscription", "cus_1", "clock_1"
CHANGE = st.tuples(
    st.just("change"),
    st.sampled_from(list(PLANS)),
    st.sampled_from(["none", "create_prorations", "always_invoice"]),
    st.sampled_from(["allow_incomplete", "error_if_incomplete"]),
)
HOURS = st.sampled_from([1, 7, 24, 3 * 24, 8 * 24, 28 * 24, 33 * 24])
PASS = st.tuples(st.just("pass"), HOURS.map(lambda hours: hours * 3600))
CARD = st.tuples(st.just("card"), st.sampled_from(["visa", "chargeCustomerFail"]))
USE = st.tuples(st.just("use"), st.integers(0, 80_000))
PAY = st.tuples(st.just("pay"), st.sampled_from(["visa", "chargeCustomerFail"]))
END = st.tuples(st.just("end"), st.booleans())
STEPS = st.lists(st.one_of(CHANGE, PASS, CARD, USE, PAY, END), min_size=6, max_size=25)


class Shop:
    """One subscription on a store of its own, without HTTP."""

    def __init__(self) -> None:
        load_routes()
        self.store, self.now = Store(None), START
        clock = {"id": CLOCK, "object": "test_helpers.test_clock", "frozen_time": START}
        self.store.put(clock)
        self.store.put(
            {
                "id": CUSTOMER,
                "object": "customer",
                "test_clock": CLOCK,
                "balance": 0,
                "invoice_settings": {"default_payment_method": None},
            }
        )
        meter = {"id": "mtr_1", "object": "billing.meter", "default_aggregation": {"formula": "last"}}
        self.store.put(meter)
        for code in PLANS:
            self._plan(code)
        self.card("visa")
        items = [{"price": f"{code}_growth"} for code in ("base", "usage")]
        self.id = start(self.store, Wish(CUSTOMER, items), START)["id"]

    def _plan(self, code: str) -> None:
        monthly, included, per_member = PLANS[code]
        self.store.put({"id": f"prod_{code}", "object": "product", "name": code})
        common = {
            "object": "price",
            "active": True,
            "type": "recurring",
            "currency": "cny",
            "created": START,
            "metadata": {},
            "product": f"prod_{code}",
        }
        every = {"interval": "month", "interval_count": 1}
        self.store.put(
            {
                **common,
                "id": f"base_{code}",
                "billing_scheme": "per_unit",
                "unit_amount": monthly,
                "recurring": every | {"usage_type": "licensed"},
            }
        )
        self.store.put(
            {
                **common,
                "id": f"usage_{code}",
                "billing_scheme": "tiered",
                "tiers_mode": "graduated",
                "recurring": every | {"usage_type": "metered", "meter": "mtr_1"},
                "_tiers": [
                    {"up_to": included, "unit_amount": 0},
                    {"up_to": None, "unit_amount_decimal": per_member},
                ],
            }
        )

    def card(self, name: str) -> None:
        found = cards.by_name(name)
        assert found is not None
        method = payment_methods.make(self.store, found, self.now)
        self.store.put(method | {"customer": CUSTOMER})
        customer = self.store.must("customer", CUSTOMER)
        self.store.put(customer | {"invoice_settings": {"default_payment_method": method["id"]}})

    def use(self, value: int) -> None:
        self.store.put(
            {
                "id": self.store.new_id("mev"),
                "object": "billing.meter_event",
                "timestamp": self.now,
                "_meter": "mtr_1",
                "_customer": CUSTOMER,
                "_state": "counted",
                "_value": value,
            }
        )

    def pay(self, card: str) -> None:
        """Pay by hand what is open, the oldest first, with a new card that may say no."""
        self.card(card)
        for invoice in reversed(self.store.find("invoice", status="open")):
            with contextlib.suppress(StripeError):
                self.ask(f"/v1/invoices/{invoice['id']}/pay")

    def end(self, ends: bool) -> None:
        """At the period's end, or not after all."""
        self.ask(f"/v1/subscriptions/{self.id}", cancel_at_period_end=ends)

    def wait(self, seconds: int) -> None:
        self.now += seconds
        clocks.advance(self.store, CLOCK, self.now)

    def ask(self, path: str, **params: Any) -> Object:
        route, values = match("POST", path)
        answer: Object = route.handler(Call(self.store, params, values))
        return answer

    def lines(self) -> list[Object]:
        """All that was billed for the monthly price, and what waits for an invoice."""
        found = [line for invoice in self.store.find("invoice") for line in invoice["lines"]["data"]]
        found += [item["_line"] for item in self.store.find("invoiceitem", _waits=True)]
        return [line for line in found if line["pricing"]["price_details"]["price"].startswith("base")]

    def held(self) -> int:
        """What was billed in advance, less what the books still hold of it: a change leaves it as it is."""
        return sum(line["amount"] for line in self.lines()) - sum(debit.amount for debit in debits_of(self.sub))

    @property
    def sub(self) -> Object:
        return self.store.must(SUB, self.id)

    def change(self, code: str, behaviour: str, payment: str) -> None:
        """Both items, as one update; what was previewed is what is billed."""
        wanted = [
            {"id": item["id"], "price": f"{part}_{code}"}
            for item, part in zip(self.sub["items"]["data"], ("base", "usage"), strict=True)
        ]
        details = {"items": wanted, "proration_behavior": behaviour, "proration_date": self.now}
        preview = self.ask("/v1/invoices/create_preview", subscription=self.id, subscription_details=details)
        before, held, refused = len(self.store.find("invoice")), self.held(), None
        try:
            with self.store.transaction():
                self.ask(f"/v1/subscriptions/{self.id}", payment_behavior=payment, **details)
        except StripeError as error:
            refused = error
        assert refused is None or refused.status == 402
        assert self.held() == held  # what is billed is remembered, what is given back is forgotten
        invoices = self.store.find("invoice")
        if behaviour == "always_invoice" and len(invoices) > before:
            billed, promised = (
                [(line["amount"], line["description"]) for line in invoice["lines"]["data"]]
                for invoice in (invoices[0], preview)
            )
            assert billed == promised


UPGRADE_OF_AN_UNPAID_ONE = [
    ("pass", 28 * DAY),
    ("card", "chargeCustomerFail"),
    ("pass", 9 * DAY),
    ("change", "chain", "always_invoice", "allow_incomplete"),
]
CHANGE_BESIDE_A_DRAFT = [
    ("pass", 28 * DAY),
    ("change", "starter", "always_invoice", "allow_incomplete"),
    ("card", "chargeCustomerFail"),
    ("pass", 3600),
    ("pay", "visa"),
]


@example(UPGRADE_OF_AN_UNPAID_ONE)
@example(CHANGE_BESIDE_A_DRAFT)
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_life_keeps_the_books(steps: list[tuple[Any, ...]]) -> None:
    shop = Shop()
    for name, *given_ in steps:
        if shop.sub["status"] != "canceled" or name in {"pass", "card", "pay"}:
            {
                "change": shop.change,
                "pass": shop.wait,
                "card": shop.card,
                "use": shop.use,
                "pay": shop.pay,
                "end": shop.end,
            }[name](*given_)
        check(shop)


def check(shop: Shop) -> None:
    invoices = shop.store.find("invoice")
    for invoice in invoices:
        assert invoice["total"] == sum(line["amount"] for line in invoice["lines"]["data"])
        if invoice["status"] != "draft":
            left = invoice["starting_balance"] + invoice["total"] - invoice["amount_due"]
            assert invoice["ending_balance"] == left
            assert invoice["amount_due"] >= 0
            assert left <= 0 or invoice["amount_due"] == 0
    assert shop.store.must("customer", CUSTOMER)["balance"] <= 0
    paid = [invoice for invoice in invoices if invoice["status"] == "paid"]
    charged = sum(charge["amount"] for charge in shop.store.find("charge"))
    assert charged == sum(invoice["amount_paid"] for invoice in paid) == sum(one["amount_due"] for one in paid)
    check_status(shop)
    for debit in debits_of(shop.sub):
        assert debit.amount >= 0
        assert debit.start <= debit.end
    check_periods(shop.lines())


def check_status(shop: Shop) -> None:
    """The status follows from the invoice that was finalized last, and from how often it was tried."""
    status, newest = shop.sub["status"], newest_final(shop.store, shop.id)
    assert newest is not None
    if status == "active":
        assert newest["status"] == "paid"
    if status in {"past_due", "unpaid"}:
        assert newest["status"] == "open"
        assert ("next_payment_attempt" in newest) == (status == "past_due")


def check_periods(lines: list[Object]) -> None:
    """Whole periods of the base price follow one another without a gap or an overlap."""
    whole = sorted(
        (line["period"]["start"], line["period"]["end"])
        for line in lines
        if not line["parent"]["subscription_item_details"]["proration"]
    )
    assert all(first[1] == second[0] for first, second in pairwise(whole))


@pytest.mark.parametrize("code", list(PLANS))
def test_the_same_plan_again_costs_nothing(code: str) -> None:
    shop = Shop()
    shop.change(code, "always_invoice", "allow_incomplete")
    before = len(shop.store.find("invoice"))
    shop.wait(5 * DAY)
    shop.change(code, "always_invoice", "allow_incomplete")
    assert len(shop.store.find("invoice")) == before

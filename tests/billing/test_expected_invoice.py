"""The invoice to expect: arithmetic written out, in minor units."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import Chain
from support.clock import owner
from using import ask, buy, many_buy, member, subscribe

from saas.billing.usage.invoice import expected_invoice, further, usage_amount
from saas.local.stripe_sandbox.billing.rating import rate
from saas.plans.catalogue import held, plan

# 12,345 active members. Starter: 11,345 beyond 1,000 at 4.9 fen are 55,590.5 fen, half up 55,591; at 0.7 cents 7,941.5,
# half up 7,942. Growth: 2,345 beyond 10,000 at 3.9 fen are 9,145.5 fen, half up 9,146; at 0.55 cents 1,289.75: 1,290.
MONTH = [
    ("starter", "CNY", 11_345, 55_591, 19_900, 75_491),
    ("starter", "USD", 11_345, 7_942, 2_900, 10_842),
    ("growth", "CNY", 2_345, 9_146, 59_900, 69_046),
    ("growth", "USD", 2_345, 1_290, 8_500, 9_790),
    ("chain", "CNY", 0, 0, 199_900, 199_900),
    ("chain", "USD", 0, 0, 27_900, 27_900),
]


@pytest.mark.parametrize(("code", "currency", "beyond", "use", "base", "total"), MONTH)
def test_a_month_of_12345_active_members(
    code: str, currency: str, beyond: int, use: int, base: int, total: int
) -> None:
    held = plan(code)
    invoice = expected_invoice(12_345, held, currency, held)
    assert [(line.part, line.quantity, line.amount) for line in invoice.lines] == [
        ("usage", beyond, use),
        ("base", 1, base),
    ]
    assert (invoice.currency, invoice.total) == (currency, total)


@pytest.mark.parametrize(
    ("members", "use"),
    [
        (0, 0),
        (999, 0),
        (1_000, 0),
        (1_001, 5),
        (1_002, 10),
        (1_005, 25),
        (1_010, 49),
        (2_000, 4_900),
        (101_000, 490_000),
    ],
)
def test_the_first_thousand_are_in_the_plan(members: int, use: int) -> None:
    """4.9, 9.8, 24.5 fen …"""
    assert usage_amount(members, plan("starter"), "CNY") == use
    assert further(members, plan("starter")) == max(0, members - 1_000)


def test_a_smaller_plan_follows_or_none() -> None:
    """The month behind is paid by the plan that it had."""
    down = expected_invoice(12_345, plan("growth"), "CNY", plan("starter"))
    assert [(line.plan.code, line.amount) for line in down.lines] == [("growth", 9_146), ("starter", 19_900)]
    last = expected_invoice(12_345, plan("growth"), "CNY", None)
    assert [(line.part, line.amount) for line in last.lines] == [("usage", 9_146)]


@given(st.integers(0, 10_000_000), st.sampled_from(held()), st.sampled_from(["CNY", "USD"]))
def test_as_stripes_graduated_price(members: int, bought: Any, currency: str) -> None:
    """The sandbox's own arithmetic, which knows tiers and nothing of plans."""
    per_member = bought.prices[currency].per_member
    tiers = [
        {"up_to": bought.members, "unit_amount": 0},
        {"up_to": None, "unit_amount_decimal": str(per_member)},
    ]
    lines = rate({"billing_scheme": "tiered", "tiers": tiers}, members)
    assert sum(line.amount for line in lines) == usage_amount(members, bought, currency)


async def test_the_owner_sees_it(chain: Chain) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(days=3), now + timedelta(days=27)
    await subscribe(chain, start, end, plan="starter")
    for _ in range(2):
        await buy(chain, await member(chain))
    shown = await ask(chain, "/v1/billing/usage", method="GET")
    assert shown["active_members"] == {"count": 2, "included": 1_000, "further": 0}
    assert shown["expected_invoice"] == {
        "currency": "CNY",
        "lines": [
            {"part": "usage", "plan": "starter", "quantity": 0, "unit_amount": "4.9", "amount": 0},
            {"part": "base", "plan": "starter", "quantity": 1, "unit_amount": "19900", "amount": 19_900},
        ],
        "total": 19_900,
    }
    await _many(chain, 1_003)
    shown = await ask(chain, "/v1/billing/usage", method="GET")
    assert shown["active_members"] == {"count": 1_005, "included": 1_000, "further": 5}
    assert shown["expected_invoice"]["total"] == 19_900 + 25
    assert shown["period"] == {
        "start": start.isoformat().replace("+00:00", "Z"),
        "end": end.isoformat().replace("+00:00", "Z"),
        "billed": True,
    }
    await (await owner()).execute(
        "UPDATE subscription SET cancel_at_period_end = true WHERE tenant_id = $1", chain.tenant_id
    )
    assert (await ask(chain, "/v1/billing/usage", method="GET"))["expected_invoice"]["total"] == 25
    await (await owner()).execute(
        "UPDATE subscription SET cancel_at_period_end = false, plan = 'growth', next_plan = 'starter',"
        " next_revision = '2026-11' WHERE tenant_id = $1",
        chain.tenant_id,
    )
    await (await owner()).execute("UPDATE tenant SET plan = 'growth' WHERE tenant_id = $1", chain.tenant_id)
    await _many(chain, 1)
    shown = await ask(chain, "/v1/billing/usage", method="GET")
    assert (shown["plan"]["code"], shown["active_members"]["included"]) == ("growth", 10_000)
    assert shown["expected_invoice"]["total"] == 19_900


async def _many(chain: Chain, members: int) -> None:
    """And time enough for the next look."""
    await many_buy(chain, members)
    await (await owner()).execute(
        "UPDATE usage_period SET counted_at = counted_at - interval '1 hour' WHERE tenant_id = $1", chain.tenant_id
    )


async def test_only_who_may_read_reports(chain: Chain) -> None:
    for scopes, status in ((["reports:read"], 200), (["members:read", "purchases:write"], 403)):
        key = await ask(chain, "/v1/api-keys", {"name": "x", "scopes": scopes})
        for path in ("/v1/billing/usage", "/v1/billing/usage/members"):
            answer = await chain.http.get(path, headers={"Authorization": f"Bearer {key['key']}"})
            assert answer.status_code == status, answer.text

"""What the guide to billing says: prices, the month worked out, calls, refusals, and its commands as they stand."""

import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.payer import payer
from support.stripe_box import StripeBox
from transcript import README, differing, serving, shell, steps

from saas.billing.changing import change_plan, preview_change
from saas.billing.downgrading import after_renewal, before_renewal
from saas.billing.events import HANDLED
from saas.billing.prices import forget_prices
from saas.billing.sync import sync
from saas.billing.webhook import METER_ERROR
from saas.contract.document import document
from saas.errors import catalogue
from saas.money import format_money
from saas.plans.catalogue import TRIAL_DAYS, Plan, offered, plan

NewChain = Callable[..., Awaitable[Chain]]
GUIDE = README.parent / "docs" / "billing.md"
OPERATOR = README.parent / "docs" / "operator.md"


def section(page: Path, name: str) -> str:
    return page.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def table(text: str) -> list[list[str]]:
    """The rows of a section's first table, without its head."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def row_of(one: Plan) -> list[str]:
    def money(what: str) -> str:
        prices = [(currency, getattr(price, what)) for currency, price in one.prices.items()]
        return " / ".join(format_money(amount, currency, "en").replace("$", "US$") for currency, amount in prices)

    return [
        f"{one.code} {one.names['zh-CN']}",
        one.revision or "",
        money("monthly"),
        money("per_thousand"),
        f"{one.members:,}",
        str(one.branches),
        str(one.requests_per_second),
    ]


def test_the_plans_are_what_is_sold() -> None:
    assert table(section(GUIDE, "Plans")) == [row_of(one) for one in (plan("trial"), *offered())]
    assert TRIAL_DAYS == 14
    assert "Fourteen days" in section(GUIDE, "Trial")


async def test_the_tenant_is_told_the_limits_of_the_table(chain: Chain) -> None:
    limits = (await chain.http.get("/v1/tenant")).json()["limits"]
    (row,) = [row for row in table(section(GUIDE, "Plans")) if row[0].startswith("trial")]
    assert [f"{limits[name]:,}" for name in ("members_included", "branches", "requests_per_second")] == row[4:]


def test_every_call_is_in_the_table(app: Any) -> None:
    paths = document(app)["paths"]
    ours = {
        (method.upper(), path)
        for path, methods in paths.items()
        if path.startswith("/v1/billing")
        for method, told in methods.items()
        if isinstance(told, dict) and told.get("summary") and "200" in told["responses"]
    }
    assert (
        set(
            re.findall(
                r"`(GET|POST|PUT) (/v1/billing[^`]*)`", "\n".join(row[0] for row in table(section(GUIDE, "Calls")))
            )
        )
        == ours
    )


def test_every_refusal_is_in_the_table() -> None:
    told = {code for row in table(section(GUIDE, "Refusals")) for code in re.findall(r"\d{3} `([a-z-]+)`", row[0])}
    about = (
        "billing-",
        "subscription-",
        "payment-",
        "plan-",
        "no-subscription",
        "preview-",
        "change-under-way",
        "invoice-not",
    )
    assert told - {"tenant-closed"} == {code for code in catalogue().problems if code.startswith(about)}


def test_the_operator_is_told_every_event() -> None:
    said = set(re.findall(r"`([a-z0-9_]+(?:\.[a-z_]+)+)`", section(OPERATOR, "Being paid")))
    assert {*HANDLED, METER_ERROR} <= said


async def test_the_month_that_is_worked_out(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> None:
    first = datetime(2026, 12, 1, tzinfo=UTC)
    paying = await payer(new_chain, drain, billing_on, start=first)
    await paying.subscribes("starter")
    await paying.moves_to(first + timedelta(days=10))
    shown = await preview_change(paying.who, "growth")
    text = section(GUIDE, "Changing plans")
    for line in shown.lines:
        assert f"= {'−' if line.amount < 0 else ''}{abs(line.amount) / 100:.2f} |" in text, line
    assert f"| **{shown.amount_due / 100:.2f}** |" in text
    await change_plan(paying.who, "growth", proration_date=shown.proration_date)

    await paying.moves_to(first + timedelta(days=19))
    await change_plan(paying.who, "starter")
    await paying.moves_to(first + timedelta(days=30, hours=20))
    await before_renewal(paying.chain.tenant_id)
    await paying.moves_to(first + timedelta(days=31, hours=2))
    await paying.reads()
    await after_renewal(paying.chain.tenant_id)
    told = paying.invoices(await paying.customer())
    assert [one["amount_paid"] for one in told] == [19_900, shown.amount_due, 19_900]
    assert "The invoice of 1 January is **199.00**" in text


@pytest.mark.parametrize(("status", "quotes"), [("past_due", 200), ("suspended", 200), ("cancelled", 403)])
async def test_what_still_works(chain: Chain, status: str, quotes: int) -> None:
    """The guide's table of states."""
    await (await owner()).execute("UPDATE tenant SET status = $2 WHERE tenant_id = $1", chain.tenant_id, status)
    http, sale = chain.http, {"branch_id": chain.branch_id, "amount": 1_000}
    records = 201 if status == "past_due" else 403
    assert (await http.post("/v1/quotes", json=sale)).status_code == quotes
    assert (await http.post("/v1/purchases", json=sale | {"external_id": "1"})).status_code == records
    assert (await http.post("/v1/members", json={"name": "x"})).status_code == records
    assert (await http.post("/v1/branches", json={"code": "b", "name": "B"})).status_code == 201
    assert (await http.post("/v1/api-keys", json={"name": "k", "scopes": ["reports:read"]})).status_code == 201
    rules = (await http.get("/v1/programme")).json()
    assert (await http.put("/v1/programme/draft", json=rules)).status_code == 200, rules
    for path in ("/v1/members", "/v1/tenant", "/v1/billing", "/v1/billing/usage", "/v1/billing/invoices"):
        assert (await http.get(path)).status_code == 200, path


@pytest.fixture
async def server(database: None, billing_on: StripeBox, environ: dict[str, str]) -> Any:
    forget_prices()
    await sync()
    with serving({**os.environ, **environ, **billing_on.environ}) as address:
        yield address


async def test_its_commands_answer_as_shown(server: str, new_chain: NewChain, tmp_path: Path) -> None:
    """With curl and with ours, at one server: to start it takes longer than the commands."""
    known = steps(GUIDE)
    assert len(known) == 7
    first, shown = known[0]
    for which in ("curl", "ours"):
        chain = await new_chain()
        folder = tmp_path / which
        folder.mkdir()
        asked = [(f"KEY={chain.key}\n{first}", shown), *known[1:]]
        assert not differing(asked, server, shell(which, folder)), which

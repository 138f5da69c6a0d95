"""The operator's commands about accounts, on the sandbox of Stripe."""

from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.payer import Payer, days, payer
from support.stripe_box import StripeBox
from test_commands import run

from saas.billing.changing import change_plan
from saas.billing.checkout import subscribe_by_invoice
from saas.billing.reading import read_invoice
from saas.errors import DomainError


@pytest.fixture
async def owing(new_chain: Any, drain: Any, billing_on: StripeBox) -> Payer:
    """A chain that pays by invoice, and has one open."""
    made = await payer(new_chain, drain, billing_on, billing="yes")
    await made.gives_an_address()
    await subscribe_by_invoice(made.who, "growth")
    await made.works()
    await made.moves_to(await now(made) + days(0.1))
    return made


async def now(made: Payer) -> Any:
    sql = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"
    return await (await owner()).fetchval(sql, made.chain.tenant_id)


async def slug(chain: Chain) -> str:
    told: str = await (await owner()).fetchval("SELECT slug FROM tenant WHERE tenant_id = $1", chain.tenant_id)
    return told


async def test_accounts_are_listed_reconciled_and_marked_paid(regulars: Any, owing: Payer) -> None:
    name, environ = await slug(owing.chain), owing.box.environ
    first = await run(regulars, "billing", "reconcile", "--tenant", name, **environ)
    assert first.returncode in {0, 1}, first.stderr
    again = await run(regulars, "billing", "reconcile", "--tenant", name, **environ)
    assert (again.returncode, again.stdout.strip()) == (0, "0 differences"), again.stdout + again.stderr

    listed = await run(regulars, "billing", "list", "--state", "active", **environ)
    (line,) = [one for one in listed.stdout.splitlines() if one.startswith(name)]
    assert "growth" in line
    assert "invoice" in line
    assert "599.00" in line
    assert name not in (await run(regulars, "billing", "list", "--state", "suspended", **environ)).stdout

    (invoice,) = [one for one in owing.invoices(await owing.customer()) if one["status"] == "open"]
    paid = await run(regulars, "billing", "mark-paid", name, invoice["id"], **environ)
    assert (paid.returncode, paid.stdout.strip()) == (0, "paid"), paid.stderr
    row = await (await owner()).fetchrow("SELECT status, out_of_band FROM invoice WHERE id = $1", invoice["id"])
    assert tuple(row or ()) == ("paid", True)
    twice = await run(regulars, "billing", "mark-paid", name, invoice["id"], **environ)
    assert twice.returncode == 1
    assert "Traceback" not in twice.stderr


async def test_what_was_missed_is_named_and_mended(regulars: Any, owing: Payer) -> None:
    name, environ = await slug(owing.chain), owing.box.environ
    await run(regulars, "billing", "reconcile", "--tenant", name, **environ)
    wrong = "UPDATE subscription SET stripe_status = 'past_due', plan = 'starter' WHERE tenant_id = $1"
    await (await owner()).execute(wrong, owing.chain.tenant_id)
    done = await run(regulars, "billing", "reconcile", "--tenant", name, **environ)
    assert done.returncode == 1
    assert f"{name}  subscription stripe_status: past_due -> active" in done.stdout
    assert f"{name}  subscription plan: starter -> growth" in done.stdout
    assert (await owing.row())["stripe_status"] == "active"


async def test_without_stripe_the_operator_is_told(regulars: Any, owing: Payer) -> None:
    owing.box.faults({"kind": "500", "times": 20})
    done = await run(regulars, "billing", "reconcile", **owing.box.environ)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "payment service" in done.stderr


async def test_a_chain_is_held_and_let_go(regulars: Any, chain: Chain) -> None:
    name = await slug(chain)
    body = {"branch_id": chain.branch_id, "external_id": "h1", "amount": 100}
    held = await run(regulars, "tenant", "suspend", name, "--reason", "fraud")
    assert (held.returncode, held.stdout.strip()) == (0, "suspended"), held.stderr
    assert (await chain.http.post("/v1/purchases", json=body)).status_code == 403
    assert (await chain.http.post("/v1/quotes", json={"branch_id": chain.branch_id, "amount": 100})).status_code == 200
    back = await run(regulars, "tenant", "resume", name, "--reason", "cleared")
    assert (back.returncode, back.stdout.strip()) == (0, "trialing"), back.stderr
    assert (await chain.http.post("/v1/purchases", json=body)).status_code == 201
    log = (await chain.http.get("/v1/audit-log")).json()["data"]
    acts = {one["action"]: one for one in log}
    assert acts["tenant.suspend"]["detail"] == {"reason": "fraud"}
    assert acts["tenant.suspend"]["actor"] == "operator"


async def test_a_chain_is_erased_after_its_slug_was_said_twice(regulars: Any, owing: Payer) -> None:
    name, environ = await slug(owing.chain), owing.box.environ
    wrong = await run(regulars, "tenant", "erase", name, stdin="something-else\n", **environ)
    assert wrong.returncode == 1
    assert "nothing was erased" in wrong.stderr
    customer = await owing.customer()
    done = await run(regulars, "tenant", "erase", name, stdin=f"{name}\n", **environ)
    assert done.returncode == 0, done.stderr
    assert "rows erased" in done.stdout
    assert (await owing.chain.http.get("/v1/tenant")).status_code == 401
    assert [one["status"] for one in owing.subscriptions(customer)] == ["canceled"]
    assert (await run(regulars, "tenant", "show", name)).returncode == 1


async def test_what_cannot_be_ended_at_stripe_is_not_erased(regulars: Any, owing: Payer) -> None:
    name = await slug(owing.chain)
    owing.box.faults({"kind": "500", "times": 50})
    done = await run(regulars, "tenant", "erase", name, "--confirm", name, **owing.box.environ)
    owing.box.faults()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "payment service" in done.stderr
    assert (await owing.chain.http.get("/v1/tenant")).status_code == 200


async def test_what_the_chain_has_begun_is_finished_first(regulars: Any, owing: Payer) -> None:
    """Of whatever kind it is."""
    owing.box.faults({"kind": "500", "method": "POST", "path": "/v1/subscriptions/*", "times": 1})
    (invoice,) = owing.invoices(await owing.customer())
    owing.box.client.v1.invoices.finalize_invoice(invoice["id"]) if invoice["status"] == "draft" else None
    await read_invoice(owing.chain.tenant_id, invoice["id"])
    with pytest.raises(DomainError, match="billing-unavailable"):
        await change_plan(owing.who, "chain")
    name, environ = await slug(owing.chain), owing.box.environ
    paid = await run(regulars, "billing", "mark-paid", name, invoice["id"], **environ)
    assert (paid.returncode, paid.stdout.strip()) == (0, "paid"), paid.stderr
    assert {one["state"] for one in await owing.operations()} == {"done"}

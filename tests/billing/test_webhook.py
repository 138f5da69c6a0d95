"""What reaches `/stripe/webhook`: what Stripe signed is kept once with its job, all else is refused or put aside."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from stripe import WebhookSignature
from support.chains import Chain
from support.clock import owner

from saas.settings import get_settings

SECRET, OTHER = "whsec_test_0123456789abcdef", "whsec_test_fedcba9876543210"


@pytest.fixture(autouse=True)
def selling(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_0123456789")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", f"{OTHER},{SECRET}")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
async def customer(chain: Chain) -> str:
    name = f"cus_{uuid4().hex}"
    sql = "INSERT INTO platform.stripe_customer (customer_id, tenant_id) VALUES ($1, $2)"
    await (await owner()).execute(sql, name, chain.tenant_id)
    return name


def event(customer: str | None, kind: str = "customer.subscription.updated", **more: Any) -> dict[str, Any]:
    about = {"id": f"sub_{uuid4().hex}", "object": "subscription", **({"customer": customer} if customer else {})}
    made = {"id": f"evt_{uuid4().hex}", "object": "event", "type": kind, "livemode": False}
    return {**made, "created": int(time.time()), "data": {"object": about}, **more}


def signed(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    at = at or int(time.time())
    return f"t={at},v1={WebhookSignature._compute_signature(f'{at}.{body.decode()}', secret)}"


async def send(
    client: httpx.AsyncClient, told: dict[str, Any], *, signature: str | None = None, body: bytes | None = None
) -> httpx.Response:
    content = body if body is not None else json.dumps(told).encode()
    return await client.post(
        "/stripe/webhook", content=content, headers={"Stripe-Signature": signature or signed(content)}
    )


async def kept(tenant_id: UUID) -> list[asyncpg.Record]:
    return await (await owner()).fetch("SELECT * FROM stripe_event WHERE tenant_id = $1 ORDER BY id", tenant_id)


async def jobs(tenant_id: UUID) -> list[dict[str, Any]]:
    rows = await (await owner()).fetch(
        "SELECT payload FROM outbox WHERE tenant_id = $1 AND name = 'billing.event' ORDER BY id", tenant_id
    )
    return [json.loads(row["payload"]) for row in rows]


async def put_aside(event_id: str) -> asyncpg.Record | None:
    return await (await owner()).fetchrow("SELECT * FROM platform.stripe_event_other WHERE id = $1", event_id)


async def test_an_event_is_kept_once_with_its_job_however_often_it_comes(
    client: httpx.AsyncClient, chain: Chain, customer: str
) -> None:
    told = event(customer)
    for _ in range(3):
        answer = await send(client, told)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    (row,) = await kept(chain.tenant_id)
    assert (row["id"], row["type"], row["via"], row["handled_at"]) == (told["id"], told["type"], "webhook", None)
    assert await jobs(chain.tenant_id) == [
        {"event": told["id"], "type": told["type"], "object": told["data"]["object"]["id"]}
    ]


async def test_the_customer_may_be_expanded_or_the_object_itself(
    client: httpx.AsyncClient, chain: Chain, customer: str
) -> None:
    expanded = event(customer)
    expanded["data"]["object"]["customer"] = {"id": customer, "object": "customer"}
    itself = event(None, "customer.updated", data={"object": {"id": customer, "object": "customer"}})
    for told in (expanded, itself):
        assert (await send(client, told)).status_code == 200
    assert len(await kept(chain.tenant_id)) == 2


async def test_each_of_several_secrets_verifies(client: httpx.AsyncClient, chain: Chain, customer: str) -> None:
    told = event(customer)
    body = json.dumps(told).encode()
    assert (await send(client, told, signature=signed(body, OTHER), body=body)).status_code == 200
    assert len(await kept(chain.tenant_id)) == 1


@pytest.mark.parametrize("wrong", ["secret", "body", "old", "future-scheme", "nothing", "garbage"])
async def test_what_stripe_did_not_sign_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, chain: Chain, customer: str, wrong: str
) -> None:
    told = event(customer)
    body = json.dumps(told).encode()
    signature = {
        "secret": signed(body, "whsec_somebody_elses"),
        "body": signed(body + b" "),
        "old": signed(body, at=int(time.time()) - 301),
        "future-scheme": signed(body).replace("v1=", "v9="),
        "nothing": "-",
        "garbage": "t=,v1=,,=\xff",
    }[wrong]
    answer = await client.post(
        "/stripe/webhook", content=body, headers={b"Stripe-Signature": signature.encode("latin-1")}
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("/problems/stripe-signature-invalid")
    assert await kept(chain.tenant_id) == []
    assert await put_aside(told["id"]) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"object": "event"}', '{"é": 1}'.encode("latin-1")]
)
async def test_what_is_signed_and_no_event_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    at = int(time.time())
    try:
        signature = signed(body, at=at)
    except UnicodeDecodeError:
        signature = f"t={at},v1=00"
    assert (await send(client, {}, signature=signature, body=body)).status_code == 400


async def test_an_event_of_the_other_mode_is_refused(client: httpx.AsyncClient, chain: Chain, customer: str) -> None:
    assert (await send(client, event(customer, livemode=True))).status_code == 400
    assert await kept(chain.tenant_id) == []


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (event("cus_of_somebody_else"), "customer"),
        (event(None), "customer"),
        (event("cus_of_somebody_else", "invoice.sent"), "type"),
        (event(None, "a.type.that.comes.in.2031"), "type"),
    ],
)
async def test_what_is_not_ours_is_answered_and_put_aside(
    client: httpx.AsyncClient, told: dict[str, Any], why: str
) -> None:
    for _ in range(2):
        assert (await send(client, told)).status_code == 200
    row = await put_aside(told["id"])
    assert row is not None
    assert (row["why"], row["type"]) == (why, told["type"])


async def test_an_event_cannot_name_the_tenant_it_is_for(
    client: httpx.AsyncClient, chain: Chain, new_chain: Any, customer: str
) -> None:
    """Metadata can be written by whoever has a customer: the customer's own tenant counts."""
    other = await new_chain()
    told = event(customer)
    told["data"]["object"]["metadata"] = {"tenant_id": str(other.tenant_id)}
    assert (await send(client, told)).status_code == 200
    assert len(await kept(chain.tenant_id)) == 1
    assert await kept(other.tenant_id) == []


async def test_a_thin_event_is_put_aside_for_the_platform(client: httpx.AsyncClient) -> None:
    told = {
        "id": f"evt_{uuid4().hex}",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "created": "2026-11-23T09:00:00.000Z",
        "livemode": False,
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
    }
    assert (await send(client, told)).status_code == 200
    row = await put_aside(str(told["id"]))
    assert row is not None
    assert (row["object_id"], row["handled_at"]) == ("mtr_1", None)


async def test_where_nothing_is_sold_there_is_no_webhook(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_API_KEY")
    get_settings.cache_clear()
    assert (await send(client, event("cus_1"))).status_code == 404


async def test_a_closed_chain_hears_of_its_payments(client: httpx.AsyncClient, chain: Chain, customer: str) -> None:
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    assert (await send(client, event(customer))).status_code == 200
    assert len(await jobs(chain.tenant_id)) == 1

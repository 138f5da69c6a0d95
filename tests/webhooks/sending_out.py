"""Events of a chain and their way to a receiver, in this process."""

from typing import Any

from support.chains import Chain

from saas.scope import tenant_scope
from tenants.events.emit import emit
from tenants.events.numbering import number_all
from tenants.webhooks.dispatching import deliver_due


async def happen(chain: Chain, *kinds: str, deliver: bool = True) -> None:
    """Events, numbered, and on their way."""
    async with tenant_scope(chain.tenant_id):
        for n, kind in enumerate(kinds):
            await emit(kind, {"n": n})
    await number_all()
    if deliver:
        await deliver_due()


async def endpoint(chain: Chain, url: str, **more: Any) -> dict[str, Any]:
    """A new endpoint, with its secret."""
    made = await chain.http.post("/v1/webhooks", json={"url": url, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def log_of(chain: Chain, made: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = await chain.http.get(f"/v1/webhooks/{made['id']}/deliveries{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found

"""A chain that pays, on the sandbox of Stripe: both live by one clock, which a test moves."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from saas.billing.checkout import start_checkout
from saas.billing.prices import forget_prices
from saas.billing.reading import read_subscription
from saas.billing.sync import sync
from saas.principal import SYSTEM, Principal
from support.chains import Chain
from support.clock import owner, set_clock
from support.stripe_box import StripeBox

Json = dict[str, Any]
GOOD, DECLINED = "4242424242424242", "4000000000000341"
"""A card that pays; one that can be kept, and declines every charge."""


@dataclass
class Payer:
    """`who` asks in its owner's name."""

    chain: Chain
    box: StripeBox
    drain: Any
    clock: str
    who: Principal

    async def moves_to(self, instant: datetime) -> None:
        """Stripe's clock and the chain's: everything on the way has happened at Stripe, and nothing of it was told."""
        self.box.advance(self.clock, int(instant.timestamp()))
        await set_clock(self.chain.tenant_id, instant)

    async def row(self) -> Json:
        """Our copy of the subscription."""
        found = await (await owner()).fetchrow("SELECT * FROM subscription WHERE tenant_id = $1", self.chain.tenant_id)
        return dict(found) if found is not None else {}

    async def operations(self) -> list[Json]:
        rows = await (await owner()).fetch(
            "SELECT * FROM billing_operation WHERE tenant_id = $1 ORDER BY id", self.chain.tenant_id
        )
        return [dict(row) for row in rows]

    async def status(self) -> str:
        sql = "SELECT status FROM tenant WHERE tenant_id = $1"
        told: str = await (await owner()).fetchval(sql, self.chain.tenant_id)
        return told

    async def customer(self) -> str:
        sql = "SELECT customer_id FROM billing_profile WHERE tenant_id = $1"
        told: str = await (await owner()).fetchval(sql, self.chain.tenant_id)
        return told

    async def gives_an_address(self, email: str = "owner@example.com") -> None:
        sql = "UPDATE billing_profile SET email = $2 WHERE tenant_id = $1"
        await (await owner()).execute(sql, self.chain.tenant_id, email)

    async def ends_trial(self) -> None:
        """As if the trial had been over a while ago."""
        sql = (
            "UPDATE tenant SET trial_ends_at = created_at - interval '1 day', status = 'suspended' WHERE tenant_id = $1"
        )
        await (await owner()).execute(sql, self.chain.tenant_id)

    async def checkout(self) -> Json:
        """The last one asked for."""
        return [one for one in await self.operations() if one["kind"] == "checkout"][-1]

    async def session(self) -> str:
        """The last Checkout page's id."""
        told: str = json.loads((await self.checkout())["answer"])["session"]["id"]
        return told

    async def subscribes(self, plan: str = "growth", card: str | None = GOOD) -> Json:
        """Through Checkout's page; returns our copy."""
        await start_checkout(self.who, plan)
        trial_end = json.loads((await self.checkout())["request"])["trial_end"]
        made = self.box.buys(await self.session(), card, trial_end)
        await read_subscription(self.chain.tenant_id, made)
        return await self.row()

    async def reads(self) -> Json:
        """Our copy, read again."""
        await read_subscription(self.chain.tenant_id, (await self.row())["subscription_id"])
        return await self.row()

    def subscriptions(self, customer: str) -> list[Json]:
        """All there are at Stripe, whatever their state."""
        told = self.box.client.v1.subscriptions.list({"customer": customer, "status": "all", "limit": 100})
        return [one.to_dict(for_json=True) for one in told.data]

    def invoices(self, customer: str) -> list[Json]:
        told = self.box.client.v1.invoices.list({"customer": customer, "limit": 100})
        return [one.to_dict(for_json=True) for one in told.data]

    async def works(self) -> None:
        """Every job, also those that wait for another try."""
        for _ in range(4):
            await (await owner()).execute(
                "UPDATE outbox SET next_at = clock_timestamp()"
                " WHERE tenant_id = $1 AND dead_at IS NULL AND attempts > 0",
                self.chain.tenant_id,
            )
            if not any(await self.drain(self.chain.tenant_id)):
                return


async def payer(
    new_chain: Callable[..., Awaitable[Chain]],
    drain: Any,
    box: StripeBox,
    *,
    trial: bool = False,
    start: datetime | None = None,
    **fields: str,
) -> Payer:
    """A chain that has just signed up, with or without its trial, and plans that are at Stripe. `start`: where its
    clock stands, now if it's left out.
    """
    forget_prices()
    if not box.has_plans:
        await sync()
        box.has_plans = True
    chain = await new_chain(**fields)
    now = start or datetime.now(UTC).replace(microsecond=0)
    clock = box.new_clock(int(now.timestamp()))
    await (await owner()).execute(
        "INSERT INTO billing_profile (tenant_id, test_clock) VALUES ($1, $2)"
        " ON CONFLICT (tenant_id) DO UPDATE SET test_clock = $2",
        chain.tenant_id,
        clock,
    )
    made = Payer(chain, box, drain, clock, replace(SYSTEM, tenant_id=chain.tenant_id, actor="staff:owner"))
    await set_clock(chain.tenant_id, now)
    if not trial:
        await made.ends_trial()
    return made


def days(count: float) -> timedelta:
    return timedelta(days=count)

"""A chain that lives with Stripe: clocks move together, webhooks come in, jobs run, and people click."""

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
from support.clock import owner
from support.feed import told_of
from support.payer import Json, Payer
from support.stripe_box import Delivery

from saas.scheduler import fire_due

HOUR = timedelta(hours=1)
_BOTH = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"


class Life:
    """`http` is nobody's: what Stripe sends comes from outside."""

    def __init__(self, payer: Payer, http: httpx.AsyncClient) -> None:
        self.payer, self.http = payer, http

    async def asks(self, method: str, path: str, body: Json | None = None, expect: int = 200, **headers: str) -> Any:
        """By the chain's own key."""
        answer = await self.payer.chain.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    async def account(self) -> Any:
        return await self.asks("GET", "/v1/billing")

    async def now(self) -> datetime:
        told: datetime = await (await owner()).fetchval(_BOTH, self.payer.chain.tenant_id)
        return told

    async def hears(self, deliveries: Sequence[Delivery] | None = None) -> int:
        """Whatever Stripe has to say, in its order or in a given one, and what our jobs make of it; so many events."""
        heard = 0
        while True:
            taken = await self._taken() if deliveries is None else list(deliveries)
            for delivery in taken:
                answer = await self.http.post("/stripe/webhook", content=delivery.body, headers=dict(delivery.headers))
                assert answer.status_code == 200, answer.text
                self.payer.box.answered(delivery, answer.status_code)
            heard += len(taken)
            await self.payer.works()
            if not taken or deliveries is not None:
                return heard

    async def lives(self, until: datetime, step: timedelta = 24 * HOUR) -> None:
        """Until then, a step at a time: Stripe's timers, our schedules, webhooks and jobs."""
        now = await self.now()
        while now < until:
            now = min(now + step, until)
            await self.payer.moves_to(now)
            while await fire_due(self.payer.chain.tenant_id):
                await self.payer.works()
            await self.hears()
            self.payer.box.settle()

    async def pays_page(self, url: str, card: str) -> None:
        """As a person fills in a page of Stripe's."""
        answer = self.payer.box.fills_in(url, card=card)
        assert answer.status_code in {302, 303}, answer.text

    async def changes_card(self, card: str) -> None:
        """In the portal, with what Stripe tells of it."""
        url = (await self.asks("POST", "/v1/billing/portal"))["url"]
        answer = self.payer.box.fills_in(url, do="pay", card=card)
        assert answer.status_code < 400, answer.text
        await self.hears()

    async def events(self, kind: str) -> list[Any]:
        rows = await told_of(self.payer.chain.tenant_id, kind)
        return [json.loads(row["data"]) for row in rows]

    async def _taken(self) -> list[Delivery]:
        customer = await self.payer.customer()
        return self.payer.box.deliveries(customer) if customer is not None else []


def shuffled(deliveries: Sequence[Delivery], seed: int, *, lose: float, double: float) -> list[Delivery]:
    """In any order, some lost, some twice."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    kept = [one for one in deliveries if chance.random() >= lose]
    kept += [one for one in kept if chance.random() < double]
    chance.shuffle(kept)
    return kept

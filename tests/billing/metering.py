"""A chain that pays by the sandbox's meter: both clocks moved together, and what the meter says."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.stripe_box import StripeBox
from support.till import rows
from using import run, subscribe

from saas.billing.usage.meter import EVENT
from saas.scheduler import fire_due

EVENTS = "/v1/billing/meter_events"


def has_meter(box: StripeBox) -> str:
    """Its id; made where it isn't there, as `regulars billing sync` makes it."""
    for meter in box.client.v1.billing.meters.list({"status": "active"}).data:
        if meter.event_name == EVENT:
            return meter.id
    made = box.client.v1.billing.meters.create(
        {
            "display_name": "Active members",
            "event_name": EVENT,
            "default_aggregation": {"formula": "last"},
            "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )
    return made.id


@dataclass
class Metered:
    """`start` and `end`: of its period."""

    chain: Chain
    box: StripeBox
    meter: str
    clock: str
    customer: str
    start: datetime
    end: datetime
    drain: Any

    @classmethod
    async def opened(cls, chain: Chain, box: StripeBox, drain: Any, start: datetime, end: datetime) -> "Metered":
        """Its clocks stand at `start`."""
        meter, clock = has_meter(box), box.new_clock(_seconds(start))
        customer = box.client.v1.customers.create({"test_clock": clock}).id
        await set_clock(chain.tenant_id, start)
        await subscribe(chain, start, end, customer)
        return cls(chain, box, meter, clock, customer, start, end, drain)

    async def move(self, instant: datetime) -> None:
        self.box.advance(self.clock, _seconds(instant))
        await set_clock(self.chain.tenant_id, instant)

    async def renew(self) -> None:
        """The next period's copy has come."""
        self.start, self.end = self.end, self.end + timedelta(days=30)
        await subscribe(self.chain, self.start, self.end, self.customer)

    async def night(self, instant: datetime) -> None:
        """The scheduler's and the worker's at this instant."""
        await self.move(instant)
        assert await fire_due(self.chain.tenant_id) == 1
        done = await self.drain(self.chain.tenant_id)
        assert (done.failed, done.dead) == (0, 0)

    async def work(self) -> None:
        await run(self.chain, self.drain)

    async def hurry(self) -> None:
        """What waits for its next attempt has waited."""
        sql = "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1"
        await (await owner()).execute(sql, self.chain.tenant_id)

    async def reports(self) -> list[dict[str, Any]]:
        return sorted(await rows(self.chain, "usage_report"), key=lambda row: (row["at"], row["identifier"]))

    def value(self, start: datetime | None = None, end: datetime | None = None) -> int | None:
        """What the meter says of a period, the present one by default."""
        self.box.settle()
        begin, until = _minute(start or self.start), _minute(end or self.end)
        found = self.box.client.v1.billing.meters.event_summaries.list(
            self.meter, {"customer": self.customer, "start_time": begin, "end_time": until}
        )
        return int(found.data[0].aggregated_value) if found.data else None

    def told(self) -> list[dict[str, Any]]:
        """The requests that told the meter something of this chain, the first one first."""
        if not self.box.records:
            pytest.skip("only the sandbox keeps a record of requests")
        mine = str(self.chain.tenant_id)
        return [one for one in self.box.requests() if one["path"] == EVENTS and mine in str(one["params"])]


def _seconds(instant: datetime) -> int:
    return calendar.timegm(instant.astimezone(UTC).timetuple())


def _minute(instant: datetime) -> int:
    return -(-_seconds(instant) // 60) * 60

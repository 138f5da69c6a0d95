"""The doctor sees what of billing doesn't work, and says how to mend it."""

from typing import Any

import pytest
from support.clock import owner
from support.payer import Payer, payer
from support.stripe_box import StripeBox

from saas.db import role_pool
from saas.doctor import billing
from saas.doctor.finding import Finding

_READ = (
    "INSERT INTO platform.stripe_backfill (read_to, ran_at) VALUES (clock_timestamp() - $1::text::interval, now())"
    " ON CONFLICT (single) DO UPDATE SET read_to = excluded.read_to"
)


@pytest.fixture
async def selling(new_chain: Any, drain: Any, billing_on: StripeBox) -> Payer:
    made = await payer(new_chain, drain, billing_on)
    for table in ("outbox WHERE dead_at IS NOT NULL", "platform.stripe_event_other WHERE why = 'object'"):
        await (await owner()).execute(f"DELETE FROM {table}")
    await (await owner()).execute("UPDATE usage_report SET failed = NULL WHERE failed IS NOT NULL")
    await (await owner()).execute(_READ, "61 minutes")
    return made


async def found() -> list[Finding]:
    async with (await role_pool("operator")).acquire() as connection:
        return await billing.examine(connection)


async def test_all_is_well(selling: Payer) -> None:
    (one,) = await found()
    assert one.state == "ok", one.line()


async def test_nobody_looks_for_what_was_not_delivered(selling: Payer) -> None:
    await (await owner()).execute(_READ, "4 hours")
    (one,) = await found()
    assert (one.state, "couldn't deliver" in one.said, "scheduler" in one.mend) == ("doubtful", True, True)


async def test_jobs_and_reports_that_failed(selling: Payer) -> None:
    tenant_id = selling.chain.tenant_id
    await (await owner()).execute(
        "INSERT INTO outbox (tenant_id, id, name, payload, dead_at)"
        " VALUES ($1, uuidv7(), 'billing.event', '{}', now())",
        tenant_id,
    )
    await (await owner()).execute(
        "INSERT INTO usage_report (tenant_id, identifier, period_start, day, value, counted_at, at, failed)"
        " VALUES ($1, 'x', now(), '2026-11-23', 1, now(), now(), 'refused')",
        tenant_id,
    )
    assert [one.said for one in await found()] == [
        "1 jobs failed for good",
        "1 reports of use were refused within 35 days",
    ]
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1", tenant_id)


async def test_plans_that_are_not_at_stripe_and_a_stripe_that_does_not_answer(selling: Payer) -> None:
    selling.box.faults({"kind": "500", "times": 5})
    (one,) = await found()
    assert "billing-unavailable" in one.said
    selling.box.control("POST", "reset")
    (one,) = await found()
    assert ("12 prices" in one.said, one.mend) == (True, "run: regulars billing sync")

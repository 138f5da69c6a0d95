"""The tier jobs, by name: batches of a recalculation, and what a schedule fires."""

from datetime import datetime
from typing import Any

from saas.jobs import job
from tenants.tiers.batches import give_up, run_batch
from tenants.tiers.recalculate import JOB
from tenants.tiers.schedules import SCHEDULE_JOB, fire


@job(JOB, on_dead=give_up)
async def recalculation_batch(payload: dict[str, Any]) -> None:
    await run_batch(payload)


@job(SCHEDULE_JOB)
async def tier_schedule(payload: dict[str, Any]) -> None:
    await fire(datetime.fromisoformat(payload["due_at"]), payload.get("schedule"))

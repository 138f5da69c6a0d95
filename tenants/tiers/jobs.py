"""The tier jobs, by name: batches of a recalculation, and what schedules fire."""

from datetime import datetime
from typing import Any

from saas.jobs import job
from tenants.tiers.batches import give_up, run_batch
from tenants.tiers.expiring import JOB as NOTICES_JOB
from tenants.tiers.expiring import run_notices
from tenants.tiers.recalculate import JOB
from tenants.tiers.rechecks import JOB as RECHECK_JOB
from tenants.tiers.rechecks import run_rechecks
from tenants.tiers.schedules import SCHEDULE_JOB, fire


@job(JOB, on_dead=give_up)
async def recalculation_batch(payload: dict[str, Any]) -> None:
    await run_batch(payload)


@job(SCHEDULE_JOB)
async def tier_schedule(payload: dict[str, Any]) -> None:
    await fire(datetime.fromisoformat(payload["due_at"]), payload.get("schedule"))


@job(RECHECK_JOB)
async def recheck_batch(payload: dict[str, Any]) -> None:
    await run_rechecks(payload)


@job(NOTICES_JOB)
async def notices_batch(payload: dict[str, Any]) -> None:
    await run_notices(payload)

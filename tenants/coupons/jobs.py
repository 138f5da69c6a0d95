"""The jobs of coupons, by name."""

from typing import Any

from saas.jobs import job
from tenants.coupons import expiring, granting


@job(granting.JOB, on_dead=granting.give_up)
async def coupons_grant(payload: dict[str, Any]) -> None:
    await granting.run_batch(payload)


@job(expiring.JOB)
async def coupons_expire(payload: dict[str, Any]) -> None:
    await expiring.run_expiry(payload)

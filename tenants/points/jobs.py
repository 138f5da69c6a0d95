"""The jobs of points, by name."""

from typing import Any

from saas.jobs import job
from tenants.points.expiring import EXPIRE, NOTICES, run_expiry, run_notices


@job(EXPIRE)
async def points_expire(payload: dict[str, Any]) -> None:
    await run_expiry(payload)


@job(NOTICES)
async def points_notices(payload: dict[str, Any]) -> None:
    await run_notices(payload)

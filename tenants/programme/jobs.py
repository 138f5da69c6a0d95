"""The programme's job: a publish whose time has come."""

from typing import Any

from saas.jobs import job
from tenants.programme.pending import JOB, give_up, publish_pending


@job(JOB, on_dead=give_up)
async def publish_at(payload: dict[str, Any]) -> None:
    await publish_pending(payload)

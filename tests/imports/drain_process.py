"""Works a tenant's jobs off in a process that can be killed, in small batches: for `Forks`, with `<tenant>`."""

from uuid import UUID

from saas.db import close_pools, open_pool
from saas.running import drain
from saas.worker import load_jobs
from tenants.imports import batch

load_jobs()


async def main(tenant: str) -> None:
    batch.BATCH_ROWS = 200  # type: ignore[misc]
    await open_pool()
    await drain(UUID(tenant))
    await close_pools()

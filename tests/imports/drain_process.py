"""Works a tenant's jobs off in a process that can be killed, in small batches."""

import asyncio
import sys
from uuid import UUID

from saas.db import close_pools, open_pool
from saas.running import drain
from saas.worker import load_jobs
from tenants.imports import batch


async def main() -> None:
    batch.BATCH_ROWS = 200  # type: ignore[misc]
    load_jobs()
    await open_pool()
    await drain(UUID(sys.argv[1]))
    await close_pools()


asyncio.run(main())

"""The jobs of simulations, by name."""

from typing import Any

from saas.jobs import job
from tenants.simulation.batches import give_up, run_batch
from tenants.simulation.start import JOB
from tenants.simulation.tables import REMOVE, remove_old


@job(JOB, on_dead=give_up)
async def simulation_batch(payload: dict[str, Any]) -> None:
    await run_batch(payload)


@job(REMOVE)
async def simulations_remove(payload: dict[str, Any]) -> None:
    await remove_old(payload)

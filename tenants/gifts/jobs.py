"""The jobs of gifts and birthdays, by name."""

from typing import Any

from saas.jobs import job
from tenants.gifts import birthdays, taking_back, upgrades
from tenants.tiers.gifts import RUN_JOB, TAKE_BACK_JOB, UPGRADE_JOB


@job(UPGRADE_JOB)
async def upgrade(payload: dict[str, Any]) -> None:
    await upgrades.upgrade(payload)


@job(RUN_JOB)
async def run(payload: dict[str, Any]) -> None:
    await upgrades.run(payload)


@job(TAKE_BACK_JOB)
async def take_back(payload: dict[str, Any]) -> None:
    await taking_back.take_back(payload)


@job(birthdays.JOB)
async def keep(payload: dict[str, Any]) -> None:
    await birthdays.keep(payload)

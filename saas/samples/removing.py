"""Removes a sample chain."""

from typing import Any
from uuid import UUID

from saas.beside.standing import gave_up
from saas.beside.standing import remove as remove_beside
from saas.jobs import errand
from tenants.first_steps.asking import REMOVE


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    await gave_up("sample", error, removing=True)


@errand(REMOVE, on_dead=_give_up, although_closed=True)
async def remove(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """`although_closed`: made-up people are nobody's to keep."""
    await remove_beside("sample", tenant_id)

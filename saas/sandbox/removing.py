"""Removes a sandbox."""

from typing import Any
from uuid import UUID

from saas.beside.standing import gave_up
from saas.beside.standing import remove as remove_beside
from saas.jobs import errand
from saas.sandbox.asking import REMOVE


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    await gave_up("sandbox", error, removing=True)


@errand(REMOVE, on_dead=_give_up, although_closed=True)
async def remove(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """`although_closed`: nothing in it is anybody's to keep."""
    await remove_beside("sandbox", tenant_id)

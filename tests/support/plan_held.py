"""Puts a chain on a plan, as having bought it would."""

from uuid import UUID

from saas.plans.catalogue import plan
from support.clock import owner


async def give_plan(tenant_id: UUID, code: str) -> None:
    """The newest revision of it; the chain's status stays."""
    held = plan(code)
    await (await owner()).execute(
        "UPDATE tenant SET plan = $2, plan_revision = $3 WHERE tenant_id = $1", tenant_id, held.code, held.revision
    )

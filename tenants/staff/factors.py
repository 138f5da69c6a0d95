"""A colleague's log-in: ending the sessions of who left a device behind; whether there is a second factor, and taking
it away from who has lost phone and recovery codes.
"""

from typing import Any, Final
from uuid import UUID

from saas.db import role_pool
from saas.errors import DomainError
from saas.scope import current
from saas.second_factor.keeping import drop, who_has_one
from tenants.audit.record import record
from tenants.staff.letters import post_factor_gone
from tenants.staff.person import person, to_be_changed

_PLACE: Final = """
SELECT t.account_id, (SELECT count(*) FROM platform.account_tenant o
                       WHERE o.account_id = t.account_id AND NOT o.sample) AS chains
  FROM platform.account_tenant t WHERE t.tenant_id = $1 AND t.staff_id = $2"""


_OUT: Final = "DELETE FROM platform.session WHERE tenant_id = $1 AND staff_id = $2"


async def log_out(staff_id: UUID) -> None:
    """The person is out of this chain on every device, shared tills too, and may log in again; again is fine. Raises
    DomainError `not-found`, `not-permitted`.
    """
    await to_be_changed(staff_id)
    tenant_id = current().tenant_id
    await record("staff.log_out", f"staff:{staff_id}")

    async def end() -> None:
        await (await role_pool("gate")).execute(_OUT, tenant_id, staff_id)

    current().after_commit.append(end)  # never without its trace


async def has_factor(staff_id: UUID) -> bool:
    """Whether this person's log-in asks for a code."""
    return staff_id in await who_has_one(current().tenant_id)


def is_oneself(staff_id: UUID) -> bool:
    """Whether this is who asks."""
    return current().principal.actor == f"staff:{staff_id}"


async def take_factor_away(staff_id: UUID) -> None:
    """The person's password alone is enough from now on, until a new one is set up; a letter tells it. Without one:
    nothing. Not of an account that works for other chains, too: it protects theirs as well; and not one's own, which
    only a code turns off.

    Raises DomainError `not-found`, `not-permitted`, `second-factor-elsewhere`.
    """
    await to_be_changed(staff_id)
    if is_oneself(staff_id):
        raise DomainError("not-permitted")
    if not await has_factor(staff_id):
        return
    pool = await role_pool("gate")
    place: Any = await pool.fetchrow(_PLACE, current().tenant_id, staff_id)
    if place is None:
        raise DomainError("not-found")
    if place["chains"] > 1:
        raise DomainError("second-factor-elsewhere")
    account_id: UUID = place["account_id"]
    found = await person(staff_id)
    await record("staff.second_factor_off", f"staff:{staff_id}")
    await post_factor_gone(found["email"], found["name"])
    current().after_commit.append(lambda: drop(account_id))  # never without its trace

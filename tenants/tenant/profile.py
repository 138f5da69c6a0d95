"""What a tenant is told of itself."""

from typing import Any, Final

from saas.scope import connection, current
from tenants.tenant.tables import Tenant

_SHOWN: Final = (
    Tenant.tenant_id.as_alias("id"),
    Tenant.name,
    Tenant.slug,
    Tenant.template,
    Tenant.variant,
    Tenant.locale,
    Tenant.timezone,
    Tenant.currency,
    Tenant.status,
    Tenant.plan,
    Tenant.trial_ends_at,
    Tenant.shared_phones,
    Tenant.programme_version,
    Tenant.created_at,
)
# Counted when asked: an index-only scan, some 0.1 s for a million members, on a call that is rarely made.
_USE: Final = """
SELECT (SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'active') AS members,
       (SELECT count(*) FROM branch WHERE tenant_id = $1 AND closed_at IS NULL) AS branches
"""


async def tenant_profile() -> dict[str, Any]:
    """The current tenant as JSON data."""
    rows: list[dict[str, Any]] = await Tenant.select(*_SHOWN).where(Tenant.tenant_id == current().tenant_id)
    return rows[0]


async def tenant_and_use() -> dict[str, Any]:
    """The profile with `use` {members, open branches} and the plan's `limits` of the same (null: none)."""
    use = await connection().fetchrow(_USE, current().tenant_id)
    limits = {"members": None, "branches": None}  # the trial has none
    return {**await tenant_profile(), "limits": limits, "use": dict(use or {})}

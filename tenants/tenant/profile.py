"""What a tenant is told of itself."""

from typing import Any, Final

from saas.plans.catalogue import plan
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
    Tenant.sandbox_of,
)
# Counted when asked: an index-only scan, some 0.1 s for a million members, on a call that is rarely made.
_USE: Final = """
SELECT (SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'active') AS members,
       (SELECT count(*) FROM branch WHERE tenant_id = $1 AND closed_at IS NULL) AS branches,
       coalesce((SELECT p.members FROM usage_period p JOIN tenant t ON t.tenant_id = $1
                  WHERE p.tenant_id = $1 AND p.period_start <= clock_timestamp() + t.clock_offset
                    AND p.period_end > clock_timestamp() + t.clock_offset
                  ORDER BY p.period_start DESC LIMIT 1), 0) AS active_members,
       (SELECT t.plan_revision FROM tenant t WHERE t.tenant_id = $1) AS revision
"""

_USED: Final = ("members", "branches", "active_members")


async def tenant_profile() -> dict[str, Any]:
    """The current tenant as JSON data. `mode`: `test` in a sandbox, else `live`."""
    rows: list[dict[str, Any]] = await Tenant.select(*_SHOWN).where(Tenant.tenant_id == current().tenant_id)
    return {**rows[0], "mode": "live" if rows[0].pop("sandbox_of") is None else "test"}


async def tenant_and_use() -> dict[str, Any]:
    """The profile with the plan's `limits` {open branches, active members included a period, API requests a second}
    and `use` {members who are there, open branches, active members of the billing period as last counted}.
    """
    use: Any = await connection().fetchrow(_USE, current().tenant_id)
    profile = await tenant_profile()
    held = plan(profile["plan"], use["revision"])
    limits = {
        "branches": held.branches,
        "members_included": held.members,
        "requests_per_second": held.requests_per_second,
    }
    return {**profile, "limits": limits, "use": {name: use[name] for name in _USED}}

"""A new tenant's row, with the first version of its programme."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from saas.plans.catalogue import TRIAL, TRIAL_DAYS
from saas.scope import connection, current
from tenants.programme.document import Programme

_TRIAL: Final = timedelta(days=TRIAL_DAYS)


@dataclass(frozen=True, slots=True)
class NewTenant:
    """`sample_of`, `sandbox_of`: the chain that this is a sample or a sandbox of; None for a real one."""

    name: str
    slug: str
    template: str
    variant: str | None
    locale: str
    timezone: str
    currency: str
    sample_of: UUID | None = None
    sandbox_of: UUID | None = None


async def create_tenant(new: NewTenant, programme: Programme) -> None:
    """The current scope's tenant, in trial, under version 1 of its programme (in the tenant's currency). A sandbox's
    trial never ends.
    """
    tenant_id, actor = current().tenant_id, current().principal.actor
    await connection().execute(
        "INSERT INTO tenant AS t (tenant_id, name, slug, template, variant, locale, timezone, currency, status,"
        " plan, trial_ends_at, programme_version, sample_of, sandbox_of)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'trialing', $9, clock_timestamp() + $10::interval, 1, $11, $12)",
        tenant_id,
        new.name,
        new.slug,
        new.template,
        new.variant,
        new.locale,
        new.timezone,
        new.currency,
        TRIAL,
        _TRIAL if new.sandbox_of is None else None,
        new.sample_of,
        new.sandbox_of,
    )
    document = programme.model_copy(update={"version": 1, "currency": new.currency}).dump()
    await connection().execute(
        "INSERT INTO programme_version AS v (tenant_id, version, document, published_at, published_by)"
        " VALUES ($1, 1, $2, clock_timestamp(), $3)",
        tenant_id,
        document,
        actor,
    )

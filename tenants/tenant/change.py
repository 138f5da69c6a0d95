"""Changing a tenant's settings."""

from typing import Final

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.members.households import count_shared_phones
from tenants.programme.pending import refuse_waiting
from tenants.programme.versions import current_programme
from tenants.tiers.schedules import install_schedules

# The tenant's row orders publishes, recalculations and this.
_LOCK: Final = """
SELECT name, locale, timezone, currency, has_facts, shared_phones FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE
"""
# A waiting import counts: its times will be read in the tenant's time zone.
_HAS_IMPORTS: Final = "SELECT EXISTS (SELECT FROM import_run WHERE tenant_id = $1)"
_REDRAFT: Final = """
UPDATE programme_draft AS d
   SET document = d.document || jsonb_build_object('currency', $2::text), revision = d.revision + 1
 WHERE d.tenant_id = $1
"""
_PUBLISH_CURRENCY: Final = """
WITH published AS (
    INSERT INTO programme_version AS v (tenant_id, version, document, published_at, published_by, note, lineage)
    SELECT p.tenant_id, n.version,
           p.document || jsonb_build_object('currency', $2::text, 'version', n.version),
           clock_timestamp() + t.clock_offset, $3, 'currency', p.lineage
      FROM tenant AS t
      JOIN programme_version AS p ON p.tenant_id = t.tenant_id AND p.version = t.programme_version
     CROSS JOIN LATERAL (SELECT max(o.version) + 1 AS version FROM programme_version AS o
                          WHERE o.tenant_id = t.tenant_id) AS n
     WHERE t.tenant_id = $1
    RETURNING v.version)
UPDATE tenant AS t SET programme_version = published.version FROM published WHERE t.tenant_id = $1
"""


async def change_tenant(
    *,
    name: str | None = None,
    locale: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    shared_phones: bool | None = None,
) -> None:
    """Changes what is given. A new currency is a new version of the programme, otherwise as it was; a new
    time zone moves the midnights at which its schedules fire.

    Time zone and currency are part of what each fact means: from the first purchase or import on, another one
    raises DomainError `settings-frozen`. `publish-pending` for another currency than that of rules which wait for their
    time; `households-left` while members share phones and shall no longer.
    """
    before = await connection().fetchrow(_LOCK, current().tenant_id)
    if before is None:
        raise DomainError("not-found")
    wanted = {
        "name": name,
        "locale": locale,
        "timezone": timezone,
        "currency": currency,
        "shared_phones": shared_phones,
    }
    changes = {key: value for key, value in wanted.items() if value is not None and value != before[key]}
    frozen = [key for key in ("timezone", "currency") if key in changes]
    if frozen and (before["has_facts"] or await connection().fetchval(_HAS_IMPORTS, current().tenant_id)):
        raise DomainError("settings-frozen", errors=[FieldError(f"/{key}", "invalid") for key in frozen])
    if "currency" in changes:
        await refuse_waiting()
    if changes.get("shared_phones") is False:
        await _require_no_households()
    if not changes:
        return
    await connection().execute(
        "UPDATE tenant AS t SET name = coalesce($2, t.name), locale = coalesce($3, t.locale),"
        " timezone = coalesce($4, t.timezone), currency = coalesce($5, t.currency),"
        " shared_phones = coalesce($6, t.shared_phones) WHERE t.tenant_id = $1",
        current().tenant_id,
        name,
        locale,
        timezone,
        currency,
        shared_phones,
    )
    if timezone is not None and "timezone" in changes:
        await install_schedules(await current_programme(), timezone)
    if "currency" in changes:
        actor = current().principal.actor
        await connection().execute(_REDRAFT, current().tenant_id, currency)
        await connection().execute(_PUBLISH_CURRENCY, current().tenant_id, currency, actor)
    await record("tenant.change", f"tenant:{current().tenant_id}", changes)


async def _require_no_households() -> None:
    """Whoever is about to share a phone waits for the tenant's row, which we hold."""
    phones = await count_shared_phones()
    if phones:
        raise DomainError("households-left", params={"phones": phones})

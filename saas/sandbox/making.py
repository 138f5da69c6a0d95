"""Makes a chain's sandbox, or makes it anew, step by step.

Each step looks at what is there and does what comes next, so it may run twice and end anywhere.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from industry_templates import loader
from saas.beside.standing import close, gave_up, went_on
from saas.erasing import empty_tenant
from saas.errors import DomainError, Language
from saas.i18n import n_, tongue
from saas.jobs import errand
from saas.principal import SYSTEM, Principal
from saas.samples.filling import Filling, bring
from saas.sandbox.asking import MAKE
from saas.scope import connection, snapshot_scope, tenant_scope
from saas.signup.laying_out import lay_out
from saas.signup.slugs import claim_slug
from saas.validation import parse_item
from tenants.branches.branch import open_branch
from tenants.configuration.applying import take_over
from tenants.configuration.document import Configuration
from tenants.configuration.reading import configuration
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.tenant.create import NewTenant, create_tenant
from tenants.tiers.schedules import install_schedules

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_NAME: Final = n_("%(company)s (sandbox)")
_KEYS: Final = "platform.api_key"
_ASKED: Final = """
SELECT s.sandbox_id, s.job_id, s.state, s.template AS from_template, s.variant AS from_variant, s.samples, s.language,
       j.created_at, t.name, t.slug, t.template, t.variant, t.locale, t.timezone, t.currency
  FROM sandbox s JOIN tenant t ON t.tenant_id = s.tenant_id
  JOIN job j ON j.tenant_id = s.tenant_id AND j.id = s.job_id
 WHERE s.tenant_id = $1 AND s.state IN ('making', 'resetting')"""
_BRANCHES: Final = """
SELECT b.code, b.name, b.kind FROM branch b WHERE b.tenant_id = $1 AND b.closed_at IS NULL
 ORDER BY b.created_at, b.id"""
_CODES: Final = "SELECT b.code FROM branch b WHERE b.tenant_id = $1 ORDER BY b.created_at, b.id LIMIT 4"
_STANDS: Final = "SELECT EXISTS (SELECT FROM tenant WHERE tenant_id = $1)"
_SETTLED: Final = "UPDATE sandbox SET state = 'making' WHERE tenant_id = $1 AND state = 'resetting'"
# A new beginning has new branches: a key that is bound to those before would work nowhere.
_BOUND: Final = """
UPDATE platform.api_key AS k SET revoked_at = clock_timestamp()
 WHERE k.tenant_id = $1 AND k.branch_ids IS NOT NULL AND k.revoked_at IS NULL"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for. `copied`: it is set up as the chain is."""

    sandbox_id: UUID
    job_id: UUID
    anew: bool
    copied: bool
    samples: bool
    language: Language
    asked_at: datetime
    new: NewTenant

    @property
    def who(self) -> Principal:
        return Principal(SYSTEM.actor, self.sandbox_id, frozenset({"admin"}), role="owner")


@dataclass(frozen=True, slots=True)
class _SetUp:
    """How the chain is set up: its rules in force, the rest of its configuration, and its branches."""

    programme: Programme
    rest: dict[str, Any]
    branches: list[Any]


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    await gave_up("sandbox", error, removing=False)


@errand(MAKE, on_dead=_give_up)
async def make(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """One step, and the wish for the next one. Nothing to do once it is ready, or not wanted any more."""
    async with snapshot_scope(tenant_id):
        asked = await _read(tenant_id)
        set_up = await _own_set_up(tenant_id) if asked is not None and asked.copied else None
    if asked is None:
        return
    if asked.anew:
        await _clear(asked.sandbox_id)
        async with tenant_scope(tenant_id):
            await connection().execute(_SETTLED, tenant_id)
    await _found(asked, set_up)
    progress = await bring(await _people(asked)) if asked.samples else 1.0
    await went_on("sandbox", tenant_id, (asked.sandbox_id, asked.job_id), progress, MAKE)


async def _read(tenant_id: UUID) -> _Asked | None:
    row = await connection().fetchrow(_ASKED, tenant_id)
    if row is None:
        return None
    language: Language = "zh-CN" if row["language"] == "zh-CN" else "en"
    copied = row["from_template"] is None
    return _Asked(
        row["sandbox_id"],
        row["job_id"],
        row["state"] == "resetting",
        copied,
        row["samples"],
        language,
        row["created_at"],
        NewTenant(
            name=tongue(language).say(_NAME, company=row["name"][:180]),
            slug=f"{row['slug']}-sandbox",
            template=row["template"] if copied else row["from_template"],
            variant=row["variant"] if copied else row["from_variant"],
            locale=row["locale"],
            timezone=row["timezone"],
            currency=row["currency"],
            sandbox_of=tenant_id,
        ),
    )


async def _own_set_up(tenant_id: UUID) -> _SetUp:
    document = await configuration()
    rest = {name: part for name, part in document.items() if name != "programme"}
    return _SetUp(await current_programme(), rest, await connection().fetch(_BRANCHES, tenant_id))


async def _clear(sandbox_id: UUID) -> None:
    """Closed first, so that no job of it writes into what is empty already."""
    await close(sandbox_id)
    async with tenant_scope(sandbox_id):
        await connection().execute(_BOUND, sandbox_id)
    await empty_tenant(sandbox_id, but={_KEYS})


async def _found(asked: _Asked, set_up: _SetUp | None) -> None:
    """The tenant with its rules and branches. It has no calendar of billing and no count of use."""
    async with tenant_scope(asked.sandbox_id, principal=asked.who):
        if await connection().fetchval(_STANDS, asked.sandbox_id):
            return
        new = replace(asked.new, slug=await claim_slug(asked.sandbox_id, None, asked.new.slug))
        if set_up is None:
            await lay_out(new)
        else:
            await _copy(new, set_up, asked.language)


async def _copy(new: NewTenant, set_up: _SetUp, language: Language) -> None:
    """The chain's rules are in force from the first day on, its branches are open as far as there is room, and the
    rest comes as it would by a file; what can't be taken over is logged.
    """
    await create_tenant(new, set_up.programme)
    await install_schedules(set_up.programme, new.timezone)
    for branch in set_up.branches:
        try:
            await open_branch(branch["code"], branch["name"], branch["kind"])
        except DomainError as error:
            if error.code != "plan-limit":
                raise
            break
    wanted = parse_item(Configuration, set_up.rest)
    for item in await take_over(wanted, language, dry_run=False):
        if item.error is not None:
            log.info("not taken over into a sandbox", part=item.part, item=item.code, error=item.error.code)


async def _people(asked: _Asked) -> Filling:
    """Made-up members with a year behind them, until the day before it was asked for."""
    template = loader.get(asked.new.template)
    async with tenant_scope(asked.sandbox_id):
        rules = await current_programme()
        branches = [row["code"] for row in await connection().fetch(_CODES, asked.sandbox_id)]
    return Filling(
        asked.sandbox_id,
        asked.who,
        seed=f"{asked.new.template}-{asked.new.variant or ''}",
        programme=rules,
        categories=[item.category for item in template.till.categories] or [""],
        branches=[*branches[:1], *branches],
        day=asked.asked_at.astimezone(ZoneInfo(asked.new.timezone)).date(),
        language=asked.language,
    )

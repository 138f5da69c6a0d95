"""Makes a sample chain, step by step: the chain, its members, their purchases, their tiers.

Each step looks at what is there and does what comes next, so it may run twice and end anywhere. Everything comes in
through the imports, as a chain's own history would; progress is theirs.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import structlog

from industry_templates import loader
from saas.beside.standing import gave_up, went_on
from saas.errors import Language
from saas.i18n import n_, tongue
from saas.jobs import errand
from saas.principal import Principal
from saas.samples.filling import Filling, bring
from saas.scope import connection, tenant_scope
from saas.signup.laying_out import lay_out
from saas.signup.slugs import claim_slug
from tenants.branches.branch import open_branch
from tenants.first_steps.asking import MAKE
from tenants.staff.employ import employ_owner
from tenants.tenant.create import NewTenant

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_NAME: Final = n_("%(company)s (sample)")
_BRANCHES: Final = (("north", n_("North branch")), ("harbour", n_("Harbour branch")))
_ASKED: Final = """
SELECT s.sample_id, s.job_id, s.asked_by, s.state, j.created_at, t.name, t.template, t.variant, t.locale, t.timezone,
       t.currency, f.account_id, f.name AS staff, f.email
  FROM sample s JOIN tenant t ON t.tenant_id = s.tenant_id
  JOIN job j ON j.tenant_id = s.tenant_id AND j.id = s.job_id
  JOIN staff f ON f.tenant_id = s.tenant_id AND f.id = s.asked_by
 WHERE s.tenant_id = $1 AND s.state = 'making'"""
_STANDS: Final = "SELECT EXISTS (SELECT FROM tenant WHERE tenant_id = $1)"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for, by whom, and when: files made from it are the same each time."""

    chain: UUID
    sample_id: UUID
    job_id: UUID
    owner: UUID
    account_id: UUID
    staff: str
    email: str
    language: Language
    day: date
    new: NewTenant

    @property
    def who(self) -> Principal:
        return Principal(f"staff:{self.owner}", self.sample_id, frozenset({"admin"}), role="owner")


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    await gave_up("sample", error, removing=False)


@errand(MAKE, on_dead=_give_up)
async def make(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """One step, and the wish for the next one. Nothing to do once it is ready, or not wanted any more."""
    async with tenant_scope(tenant_id):
        asked = await _read(tenant_id)
    if asked is None:
        return
    await _found(asked)
    progress = await bring(_filling(asked))
    await went_on("sample", tenant_id, (asked.sample_id, asked.job_id), progress, MAKE)


async def _read(tenant_id: UUID) -> _Asked | None:
    row = await connection().fetchrow(_ASKED, tenant_id)
    if row is None:
        return None
    language: Language = "zh-CN" if row["locale"] == "zh-CN" else "en"
    created: datetime = row["created_at"]
    return _Asked(
        tenant_id,
        row["sample_id"],
        row["job_id"],
        uuid5(row["sample_id"], str(row["asked_by"])),
        row["account_id"],
        row["staff"],
        row["email"],
        language,
        created.astimezone(ZoneInfo(row["timezone"])).date(),
        NewTenant(
            name=tongue(language).say(_NAME, company=row["name"][:180]),
            slug="",
            template=row["template"],
            variant=row["variant"],
            locale=row["locale"],
            timezone=row["timezone"],
            currency=row["currency"],
            sample_of=tenant_id,
        ),
    )


async def _found(asked: _Asked) -> None:
    """The chain with its template, three branches, and who asked as its owner. Never billed: its use isn't counted."""
    speaks = tongue(asked.language)
    async with tenant_scope(asked.sample_id, principal=asked.who):
        if await connection().fetchval(_STANDS, asked.sample_id):
            return
        slug = await claim_slug(asked.sample_id, None, asked.new.name)
        await lay_out(replace(asked.new, slug=slug))
        await employ_owner(asked.owner, asked.account_id, asked.staff, asked.email, sample=True)
        for code, name in _BRANCHES:
            await open_branch(code, speaks.say(name), "own")


def _filling(asked: _Asked) -> Filling:
    template = loader.get(asked.new.template)
    return Filling(
        asked.sample_id,
        asked.who,
        seed=f"{asked.new.template}-{asked.new.variant or ''}",  # good ones: some members in every tier
        programme=template.programme_of(template.variant(asked.new.variant)),
        categories=[item.category for item in template.till.categories] or [""],
        branches=("main", "main", *(code for code, _ in _BRANCHES)),
        day=asked.day,
        language=asked.language,
    )

"""A new chain: everything it needs to work, in one transaction."""

from typing import Any, Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from industry_templates import loader
from saas.accounts import create_account
from saas.billing.profile import open_profile
from saas.billing.settling import install_calendar
from saas.billing.usage.schedule import install_usage_schedule
from saas.errors import DomainError, FieldError
from saas.passwords import hash_password
from saas.principal import Principal
from saas.scope import CommitFailedError, tenant_scope
from saas.signup.body import SignUp
from saas.signup.laying_out import lay_out
from saas.signup.once import Once
from saas.signup.slugs import claim_slug
from tenants.api_keys.issue import issue_key
from tenants.audit.record import record
from tenants.first_steps.asking import ask_for_samples
from tenants.staff.employ import employ_owner
from tenants.tenant.create import NewTenant
from tenants.tenant.profile import tenant_profile

_KEY: Final = {"zh-CN": "注册时创建", "en": "Made at sign-up"}


async def sign_up(
    form: SignUp, once: Once | None, request_id: str | None, *, with_key: bool = True
) -> tuple[bytes, bool]:
    """The answer as JSON `{tenant, account, api_key, branch}`, and whether it's an earlier sign-up's.

    The tenant is in trial with its template's programme; the account is its owner; the API key has the scope
    `admin`, and isn't made where nobody would see it. Raises DomainError `email-taken`, `slug-taken`, what `Once`
    raises, and `commit-failed`.
    """
    password_hash = await hash_password(form.password)
    tenant_id, staff_id = uuid7(), uuid7()
    owner = Principal(f"staff:{staff_id}", tenant_id, frozenset({"admin"}))
    try:
        async with tenant_scope(tenant_id, principal=owner, request_id=request_id):
            earlier = await once.earlier_answer() if once else None
            if earlier is not None:
                return earlier, True
            answer = msgspec.json.encode(await _create(form, password_hash, tenant_id, staff_id, with_key=with_key))
            if once:
                await once.keep(answer)
    except CommitFailedError:
        raise DomainError("commit-failed") from None
    return answer, False


async def _create(
    form: SignUp, password_hash: str, tenant_id: UUID, staff_id: UUID, *, with_key: bool
) -> dict[str, Any]:
    account = await _create_account(form, password_hash)
    slug = await claim_slug(tenant_id, form.slug, form.company)
    variant = loader.get(form.template).variant(form.variant)
    new = NewTenant(
        name=form.company,
        slug=slug,
        template=form.template,
        variant=variant.code if variant else None,
        locale=form.locale,
        timezone=form.timezone,
        currency=form.currency,
    )
    branch = await lay_out(new)
    await install_usage_schedule(form.timezone)
    await record("tenant.sign_up", f"tenant:{tenant_id}", {"template": form.template, "variant": new.variant})
    await open_profile(form.email)
    await install_calendar()
    await employ_owner(staff_id, account["id"], form.name or form.email.partition("@")[0], form.email)
    key = await issue_key(_KEY[form.locale], ["admin"]) if with_key else None
    if form.samples:
        await ask_for_samples(staff_id)
    return {"tenant": await tenant_profile(), "account": account, "api_key": key, "branch": branch}


async def _create_account(form: SignUp, password_hash: str) -> dict[str, Any]:
    account_id = await create_account(form.email, password_hash, form.locale)
    if account_id is None:
        raise DomainError("email-taken", errors=[FieldError("/email", "duplicate")])
    return {"id": account_id, "email": form.email, "locale": form.locale}

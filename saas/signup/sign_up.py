"""A new chain: everything it needs to work, in one transaction."""

from typing import Any, Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from industry_templates import loader
from industry_templates.offers import Reward
from saas.errors import DomainError, FieldError
from saas.passwords import hash_password
from saas.principal import Principal
from saas.scope import CommitFailedError, connection, tenant_scope
from saas.signup.body import SignUp
from saas.signup.once import Once
from saas.signup.slugs import claim_slug
from tenants.api_keys.issue import issue_key
from tenants.audit.record import record
from tenants.branches.branch import open_branch
from tenants.campaigns.campaign import install_campaigns
from tenants.campaigns.message_texts import install_texts
from tenants.coupons.coupon import install_coupons
from tenants.price_lists.price_list import install_price_list
from tenants.programme.document import Programme
from tenants.rewards.reward import Offered, install_rewards
from tenants.segments.install import Selected, install_segments
from tenants.staff.employ import employ
from tenants.tasks.rule import install_rules
from tenants.tenant.create import NewTenant, create_tenant
from tenants.tenant.profile import tenant_profile
from tenants.tiers.schedules import install_schedules

_BRANCH: Final = {"zh-CN": "总店", "en": "Main branch"}
_KEY: Final = {"zh-CN": "注册时创建", "en": "Made at sign-up"}


async def sign_up(form: SignUp, once: Once | None, request_id: str | None) -> tuple[bytes, bool]:
    """The answer as JSON `{tenant, account, api_key, branch}`, and whether it's an earlier sign-up's.

    The tenant is in trial with its template's programme; the account is its owner; the API key has the scope
    `admin`. Raises DomainError `email-taken`, `slug-taken`, what `Once` raises, and `commit-failed`.
    """
    password_hash = await hash_password(form.password)
    tenant_id, staff_id = uuid7(), uuid7()
    owner = Principal(f"staff:{staff_id}", tenant_id, frozenset({"admin"}))
    try:
        async with tenant_scope(tenant_id, principal=owner, request_id=request_id):
            earlier = await once.earlier_answer() if once else None
            if earlier is not None:
                return earlier, True
            answer = msgspec.json.encode(await _create(form, password_hash, tenant_id, staff_id))
            if once:
                await once.keep(answer)
    except CommitFailedError:
        raise DomainError("commit-failed") from None
    return answer, False


async def _create(form: SignUp, password_hash: str, tenant_id: UUID, staff_id: UUID) -> dict[str, Any]:
    account = await _create_account(form, password_hash)
    slug = await claim_slug(tenant_id, form.slug, form.company)
    template = loader.get(form.template)
    variant = template.variant(form.variant)
    new = NewTenant(
        name=form.company,
        slug=slug,
        template=form.template,
        variant=variant.code if variant else None,
        locale=form.locale,
        timezone=form.timezone,
        currency=form.currency,
    )
    programme = template.programme_of(variant)
    await create_tenant(new, programme)
    await install_schedules(programme, form.timezone)
    await install_segments([Selected(x.code, x.names, x.condition) for x in template.segments_of(variant)])
    await install_coupons(template.coupons)
    await install_rewards([_offered(reward, programme) for reward in template.rewards])
    await install_texts(template.messages)
    await install_campaigns(template.campaigns)
    await install_rules(template.tasks)
    for prices in template.price_lists:
        items = [item.model_dump(mode="json") for item in prices.items]
        await install_price_list(prices.code, prices.names, items)
    await record("tenant.sign_up", f"tenant:{tenant_id}", {"template": form.template, "variant": new.variant})
    await employ(staff_id, account["id"], form.email.partition("@")[0], "owner")
    branch = await open_branch("main", _BRANCH[form.locale], "own")
    key = await issue_key(_KEY[form.locale], ["admin"])
    return {"tenant": await tenant_profile(), "account": account, "api_key": key, "branch": branch}


def _offered(reward: Reward, programme: Programme) -> Offered:
    """A template's reward; the tier that it asks for is on the first ladder that has one of this code."""
    ladders = [ladder.code for ladder in programme.ladders if reward.tier is not None and ladder.tier(reward.tier)]
    floor = (ladders[0], reward.tier) if ladders and reward.tier is not None else None
    return Offered(reward.code, reward.names, reward.points, reward.stock, floor)


async def _create_account(form: SignUp, password_hash: str) -> dict[str, Any]:
    account_id = uuid7()
    tag = await connection().execute(
        "INSERT INTO platform.account AS a (id, email, password_hash, locale) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        account_id,
        form.email,
        password_hash,
        form.locale,
    )
    if tag == "INSERT 0 0":
        raise DomainError("email-taken", errors=[FieldError("/email", "duplicate")])
    return {"id": account_id, "email": form.email, "locale": form.locale}

"""Throwaway chains: made like a sample chain, so that nobody sees them or pays for them, and erased as one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex, token_urlsafe
from typing import Any, Final
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from saas.accounts import create_account
from saas.db import role_pool
from saas.erasing import erase_tenant
from saas.isolation.furnishing.posting import FurnishingError
from saas.outbox import LEASE
from saas.passwords import hash_password
from saas.principal import Principal
from saas.running import run_due
from saas.scope import connection, tenant_scope
from saas.sessions import Session, cookie_name, find_session, start_session
from saas.settings import get_settings
from saas.signup.laying_out import lay_out
from saas.signup.slugs import claim_slug
from tenants.api_keys.issue import issue_key
from tenants.events.numbering import number_all
from tenants.staff.employ import employ_owner
from tenants.tenant.create import NewTenant

_NAME: Final = "Isolation proof"
_TEMPLATE: Final = "general"
_PLAN: Final = "chain"
"""With the highest rate limit."""
_NOWHERE: Final = ("192.0.2.1", 4711)
"""An address for documentation (RFC 5737)."""
_OF: Final = "SELECT tenant_id FROM tenant WHERE sample_of = $1 ORDER BY tenant_id"
_DUE: Final = """
SELECT count(*) FROM outbox
 WHERE tenant_id = $1 AND dead_at IS NULL AND next_at <= clock_timestamp() + $2::interval"""
_ROUNDS: Final = 1000
_PAUSE: Final = 0.05


@dataclass(frozen=True)
class Throwaway:
    """A chain of this run. `http` carries its key, `browser` its owner's session; `branch_id` is its first branch."""

    tenant_id: UUID
    account_id: UUID
    key: str
    token: str
    session: Session
    http: httpx.AsyncClient
    browser: httpx.AsyncClient
    branch_id: str

    @property
    def csrf(self) -> dict[str, str]:
        """The header that proves that a form came from a page of its session."""
        return {"X-CSRF-Token": self.session.csrf_token}


def client(app: Any, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Somebody who calls the application, in this process. An error that it lets out is an answer of 500."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False, client=_NOWHERE),
        base_url=get_settings().public_url,
        headers={"Accept-Language": "en", **(headers or {})},
        cookies=cookies,
    )


@asynccontextmanager
async def throwaway(app: Any, run_id: UUID, locale: str = "en") -> AsyncIterator[Throwaway]:
    """A chain of the run `run_id`, with its owner, an admin's key and a session. It stays until `erase_chains`."""
    tenant_id, staff_id = uuid7(), uuid7()
    owner = Principal(f"staff:{staff_id}", tenant_id, frozenset({"admin"}), role="owner")
    password = await hash_password(token_urlsafe(32))
    async with tenant_scope(tenant_id, principal=owner):
        email = f"{token_hex(12)}@isolation.invalid"
        account_id = await create_account(email, password, locale)
        if account_id is None:
            raise FurnishingError("an address of random bits has an account already")
        slug = await claim_slug(tenant_id, None, _NAME)
        branch = await lay_out(
            NewTenant(
                name=_NAME,
                slug=slug,
                template=_TEMPLATE,
                variant=None,
                locale="zh-CN",
                timezone="Asia/Shanghai",
                currency="CNY",
                sample_of=run_id,
            )
        )
        # Nothing happens to it by itself: what changes while it is attacked was changed by the attack.
        await connection().execute("DELETE FROM schedule WHERE tenant_id = $1", tenant_id)
        await connection().execute("UPDATE tenant SET plan = $2 WHERE tenant_id = $1", tenant_id, _PLAN)
        await employ_owner(staff_id, account_id, "Owner", email, sample=True)
        key = (await issue_key(_NAME, ["admin"]))["key"]
    token = await start_session(account_id, tenant_id)
    session = await find_session(token)
    if session is None:
        raise FurnishingError("a session that was begun a moment ago has ended")
    async with (
        client(app, {"Authorization": f"Bearer {key}"}) as http,
        client(app, {"Accept": "text/html"}, {cookie_name(): token}) as browser,
    ):
        yield Throwaway(tenant_id, account_id, key, token, session, http, browser, str(branch["id"]))


async def erase_chains(run_id: UUID) -> int:
    """Everything of the run's chains; how many there were. Who comes again finds nothing to do."""
    rows = await (await role_pool("operator")).fetch(_OF, run_id)
    for row in rows:
        await erase_tenant(row["tenant_id"], "sample")
    return len(rows)


async def settle(tenant_id: UUID) -> None:
    """Runs the chain's jobs here, beside the workers, until none is due, neither here nor with them, and every event
    has its position. Raises FurnishingError where the jobs never end.
    """
    for _ in range(_ROUNDS):
        outcomes = await run_due(tenant_id)
        if any(outcome != "gone" for outcome in outcomes):
            continue
        async with tenant_scope(tenant_id):
            due = await connection().fetchval(_DUE, tenant_id, LEASE)
        if due == 0:
            await number_all(tenant_id)
            return
        await asyncio.sleep(_PAUSE)  # a worker is at one of them
    raise FurnishingError("the jobs of a throwaway chain don't end")

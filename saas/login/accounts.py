"""Accounts at the door: found by e-mail, their chains, and the way in. All by the narrow role `gate`."""

from dataclasses import dataclass
from uuid import UUID

from saas.db import role_pool
from saas.passwords import hash_password, outdated
from saas.principal import SYSTEM
from saas.scope import connection, tenant_scope
from saas.sessions import Device, end_session, find_session, start_session
from tenants.audit.record import record
from tenants.staff.pins import forgive_pin
from tenants.tills.people import note_log_in
from tenants.tills.till import Till


@dataclass(frozen=True, slots=True)
class Account:
    """What a log-in needs to know of an account."""

    id: UUID
    password_hash: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A tenant that an account may enter, and as what."""

    tenant_id: UUID
    name: str
    role: str


async def find_account(email: str) -> Account | None:
    """The account of an e-mail address in lower case."""
    if "\x00" in email:  # PostgreSQL's text has no NUL, so nobody is called that
        return None
    pool = await role_pool("gate")
    row = await pool.fetchrow("SELECT id, password_hash FROM platform.account WHERE email = $1", email)
    return Account(row["id"], row["password_hash"]) if row else None


async def keep_hash_current(account: Account, password: str) -> None:
    """Hashes anew where the costs of hashing have changed since: only now is the password known."""
    if outdated(account.password_hash):
        pool = await role_pool("gate")
        await pool.execute(
            "UPDATE platform.account SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
            account.id,
            await hash_password(password),
            account.password_hash,
        )


async def chains_of(account_id: UUID) -> list[Chain]:
    """The chains that an account works for, by name; not the sample chains, which one gets to from one's own."""
    pool = await role_pool("gate")
    rows = await pool.fetch(
        "SELECT tenant_id, role FROM platform.account_tenant WHERE account_id = $1 AND NOT sample"
        " ORDER BY tenant_id LIMIT 50",
        account_id,
    )
    chains = [Chain(row["tenant_id"], await _name_of(row["tenant_id"]), row["role"]) for row in rows]
    return sorted(chains, key=lambda chain: (chain.name, chain.tenant_id))


async def _name_of(tenant_id: UUID) -> str:
    async with tenant_scope(tenant_id, principal=SYSTEM):
        name: str = await connection().fetchval("SELECT name FROM tenant WHERE tenant_id = $1", tenant_id)
    return name


async def enter(account_id: UUID, tenant_id: UUID, request_id: str | None, device: Device | None = None) -> str:
    """A new session's token, after a log-in with the password. The chain's audit log has it, or there is no session.

    Raises DomainError `unauthenticated` for an account without a place in the chain.
    """
    token = await start_session(account_id, tenant_id, device)
    session = await find_session(token)
    if session is None:  # its place was taken away a moment ago
        return token
    try:
        async with tenant_scope(tenant_id, principal=session.principal, request_id=request_id):
            await forgive_pin(session.staff_id)
            if session.till_id is not None:
                await note_log_in(session.till_id, session.staff_id)
            await record("session.login", f"staff:{session.staff_id}", {"role": session.role})
    except BaseException:
        await end_session(session.token_hash)
        raise
    return token


async def enter_by_pin(account_id: UUID, till: Till, device: Device) -> str:
    """The same at a shared till, where `tenants.tills.people.come_back` has seen to PIN and audit log."""
    return await start_session(account_id, till.tenant_id, device)

"""Accounts are people: one for each e-mail address, whatever chains they work for."""

from uuid import UUID

from uuid_utils.compat import uuid7

from saas.scope import connection


async def create_account(email: str, password_hash: str, locale: str) -> UUID | None:
    """A new account's id, made in the current scope's transaction; None where the address has one already."""
    account_id: UUID = uuid7()
    tag = await connection().execute(
        "INSERT INTO platform.account AS a (id, email, password_hash, locale) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        account_id,
        email,
        password_hash,
        locale,
    )
    return account_id if tag != "INSERT 0 0" else None

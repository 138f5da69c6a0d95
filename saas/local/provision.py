"""Roles, their passwords, and the database of an embedded PostgreSQL."""

from pathlib import Path

import asyncpg

from saas.local.postgres import EmbeddedPostgres
from saas.local.process import LocalServiceError
from saas.local.secrets_file import LOGIN_ROLES

DATABASE = "regulars"
_PLACES = (Path(__file__).with_name("roles.sql"), Path(__file__).parents[2] / "infra" / "roles.sql")


def roles_sql() -> str:
    """The text of infra/roles.sql; an installed package has it beside this module."""
    for path in _PLACES:
        if path.is_file():
            return path.read_text()
    raise LocalServiceError("infra/roles.sql is missing")


async def provision(postgres: EmbeddedPostgres, database: str = DATABASE) -> None:
    """Make the roles with the passwords of secrets.json, and the database, owned by migrator. Repeatable."""
    connection = await asyncpg.connect(postgres.dsn())
    try:
        await connection.execute(roles_sql())
        for role in LOGIN_ROLES:
            # Names and passwords are our own constants and URL-safe random text: nothing to escape.
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{postgres.passwords[role]}'")
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            name = database.replace('"', '""')
            await connection.execute(f'CREATE DATABASE "{name}" OWNER migrator')
    finally:
        await connection.close()

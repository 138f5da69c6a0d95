"""The whole examination, in the order in which things rest on each other."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from pydantic import ValidationError

from saas.db import Role, pool_options
from saas.doctor import attacks, billing, isolation, machine, outgoing, proofs, server
from saas.doctor.finding import Finding, ok, wrong
from saas.settings import Settings, get_settings

_ROLES: tuple[Role, ...] = ("app", "gate", "relay", "operator")
_UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def examine() -> list[Finding]:
    """Every finding. What can't be looked at, because something before it is wrong, isn't."""
    try:
        settings = get_settings()
    except ValidationError as error:
        return list(machine.settings_missing(error))
    found = [*machine.settings(settings), *machine.file_store(settings), *await machine.cache(settings)]
    reachable: list[Role] = []
    for role in _ROLES:
        finding = await _log_in(role)
        found.append(finding)
        if finding.state == "ok":
            reachable.append(role)
    found += await _database(settings, reachable)
    return found


async def _log_in(role: Role) -> Finding:
    try:
        async with _connected(role) as connection:
            user = await connection.fetchval("SELECT session_user")
    except _UNREACHABLE as error:
        name = "DATABASE_URL" if role == "app" else f"{role.upper()}_DATABASE_URL"
        advice = f"{name} must name a login that is, or may become, the role {role}; see docs/operator.md"
        return wrong(f"login of {role}", f"{type(error).__name__}: {error}", advice)
    return ok(f"login of {role}", f"as {user}")


async def _database(settings: Settings, reachable: list[Role]) -> list[Finding]:
    found: list[Finding] = []
    if "operator" in reachable:
        async with _connected("operator") as connection:
            found += await server.examine(connection)
            found += await server.roles(connection)
            found += await isolation.tables(connection)
            found += await server.migrations(connection)
            found += await server.dead_letters(connection)
            found += await proofs.examine(connection)
            found += await attacks.examine(connection)
            found += await outgoing.examine(connection)
            found += await billing.examine(connection)
    if "app" in reachable:
        async with _connected("app") as connection:
            found += await isolation.login(connection, production=settings.environment == "production")
    return found


@contextlib.asynccontextmanager
async def _connected(role: Role) -> AsyncIterator[Any]:
    """One connection as `role`, as the pools make theirs."""
    options = pool_options(role)
    names = ("dsn", "server_settings", "command_timeout", "timeout")
    connection = await asyncpg.connect(**{name: options[name] for name in names})
    try:
        yield connection
    finally:
        await connection.close()

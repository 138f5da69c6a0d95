"""Amounts in errors get the chain's currency: who raises one mostly doesn't know it, and few are ever shown."""

from collections.abc import Iterable

from litestar.types import Scope

from saas.errors import DomainError
from saas.scope import connection, current


async def add_currency(errors: Iterable[DomainError]) -> None:
    """Gives the errors' amounts the currency of the open scope's chain; reads it only if there is an amount.

    Raises ScopeClosedError outside a scope.
    """
    lacking = [error for error in errors if error.lacks_currency]
    if lacking:
        currency = await connection().fetchval("SELECT currency FROM tenant WHERE tenant_id = $1", current().tenant_id)
        for error in lacking:
            error.in_currency(currency)


async def before_refusal(error: Exception, _scope: Scope) -> None:
    """The application's `after_exception`: awaited inside the scope, before the error's handler answers."""
    if isinstance(error, DomainError):
        await add_currency([error])

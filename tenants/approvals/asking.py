"""A page's form that may take somebody above: done in a scope of its own, so that what was refused is rolled back.

What a clerk may not do alone asks for a PIN on the same page; `approved` takes it with the form.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
from litestar import Request

from saas.currency import add_currency
from saas.errors import DomainError, FieldError
from saas.principal import Principal
from saas.scope import Scope, tenant_scope
from tenants.approvals.giving import approve

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]
Form = Mapping[str, str]
_TRIES: Final = 3


ASKS: Final = frozenset({"approval-needed", "pin-wrong", "pin-locked"})
"""Refusals after which somebody above is asked, again."""


def who(request: AnyRequest) -> Principal:
    """The clerk."""
    principal: Principal = request.scope["state"]["principal"]
    return principal


def scope_of(request: AnyRequest) -> AbstractAsyncContextManager[Scope]:
    """A transaction of the clerk's chain. Raises DomainError `not-permitted` for who has none."""
    principal = who(request)
    if principal.tenant_id is None:
        raise DomainError("not-permitted")
    return tenant_scope(principal.tenant_id, principal=principal, request_id=request.scope["state"].get("request_id"))


async def written(request: AnyRequest, work: Callable[[], Awaitable[T]], approval: str | None = None) -> T:
    """What `work` returns, done in a transaction of its own; again where a neighbour's lock or a merge came between.

    Raises DomainError as `work` does, its amounts in the chain's currency; nothing of it lasts then.
    """
    for left in reversed(range(_TRIES)):
        try:
            async with scope_of(request) as scope:
                scope.approval = approval
                try:
                    return await work()
                except DomainError as error:
                    await add_currency([error])
                    raise
        except asyncpg.DeadlockDetectedError:
            if not left:
                raise DomainError("busy") from None
        except DomainError as error:
            if error.code != "busy" or not left:
                raise
    raise DomainError("busy")


async def approved(request: AnyRequest, form: Form, work: Callable[[], Awaitable[T]]) -> T:
    """The same; where it takes somebody above, with the approval of who typed the PIN into the form.

    Raises DomainError `approval-needed` while nobody did, `pin-wrong`, `pin-locked` (`ASKS` names them).
    """
    try:
        return await written(request, work)
    except DomainError as error:
        if error.code != "approval-needed" or not form.get("pin"):
            raise
        asked: Any = error.params["approval"]
    given = await approve(
        who(request),
        _approver(form),
        form["pin"],
        asked["act"],
        asked["target"],
        asked["amount"],
        request.scope["state"].get("request_id"),
    )
    return await written(request, work, given.token)


def _approver(form: Form) -> UUID:
    try:
        return UUID(form.get("approver", ""))
    except ValueError:
        raise DomainError("validation-failed", errors=[FieldError("/approver", "invalid-uuid")]) from None

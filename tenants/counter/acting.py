"""How a page of the counter works: who may open it, and how its forms are done (`tenants.approvals.asking`)."""

from typing import Any, Final

from saas.errors import DomainError
from saas.principal import KeyScope
from saas.scope import current
from tenants.approvals.asking import ASKS, AnyRequest, Form, approved, scope_of, who, written

__all__ = ["ASKS", "READ", "WRITE", "AnyRequest", "Form", "approved", "require", "scope_of", "who", "written"]

READ: Final[dict[str, Any]] = {"auth": "page", "requires": "purchases:write"}
"""Of pages that only read: who may sell sees them."""
WRITE: Final[dict[str, Any]] = {**READ, "scoped": False}


def require(scope: KeyScope) -> None:
    """Raises DomainError `forbidden` where the clerk lacks the right."""
    if not current().principal.may(scope):
        raise DomainError("forbidden", params={"scope": scope})

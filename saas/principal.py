"""Who acts: a key of an integrator, a member of staff, or the system itself."""

from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID

KeyScope = Literal[
    "members:read",
    "members:write",
    "health:read",
    "purchases:write",
    "points:write",
    "wallet:write",
    "wallet:confirm",
    "programme:write",
    "reports:read",
    "webhooks:write",
    "admin",
]
SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)


@dataclass(frozen=True, slots=True)
class Principal:
    """`actor` is what the audit log keeps: `key:<id>`, `staff:<id>`, `system`. `branch_ids` None: every branch.
    `role` and `session` (the SHA-256 of its token) are those of staff who are logged in. `test`: with a test key, or
    in a chain beside a real one, whose clock may be moved.
    """

    actor: str
    tenant_id: UUID | None
    scopes: frozenset[KeyScope]
    branch_ids: frozenset[UUID] | None = None
    role: str | None = None
    session: bytes | None = field(default=None, repr=False)
    test: bool = False

    def may(self, scope: KeyScope) -> bool:
        """`admin` may everything."""
        return scope in self.scopes or "admin" in self.scopes

    def may_at(self, branch_id: UUID) -> bool:
        return self.branch_ids is None or branch_id in self.branch_ids


SYSTEM = Principal("system", None, frozenset(SCOPES))

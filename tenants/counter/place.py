"""At which branch this browser stands: a shared till's own, the clerk's only one, or chosen once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request
from litestar.datastructures import Cookie

from saas.cookies import cookie_of, lasting_cookie
from saas.errors import DomainError
from saas.scope import connection, current
from tenants.tills.here import branch_of

BRANCH_COOKIE: Final = "regulars_branch"
_MOST: Final = 1_000
_OPEN: Final = """
SELECT b.id, b.name FROM branch b
 WHERE b.tenant_id = $1 AND b.closed_at IS NULL AND ($2::uuid[] IS NULL OR b.id = ANY ($2))
 ORDER BY b.name, b.id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Place:
    """`branch_id` None: it has to be chosen first, among `choices` (id, name). `fixed`: there is nothing to choose."""

    branch_id: UUID | None
    name: str
    choices: tuple[tuple[str, str], ...]
    fixed: bool

    @property
    def branch(self) -> UUID:
        """Raises DomainError `unknown-branch` where none is chosen."""
        if self.branch_id is None:
            raise DomainError("unknown-branch", params={"branch": "—"})
        return self.branch_id


async def place_of(request: Request[Any, Any, Any]) -> Place:
    """The place in the current scope: the shared till's branch, the only open one that the reader may work at, or the
    one chosen in this browser. `?where` asks anew.
    """
    mine = current().principal.branch_ids
    till = await branch_of(request)
    allowed = None if mine is None else list(mine)
    rows = await connection().fetch(_OPEN, current().tenant_id, allowed, _MOST)
    names = {str(row["id"]): row["name"] for row in rows}
    if str(till) not in names:  # of a branch that has closed: until it is revoked the device is as any other
        till = None
    chosen = cookie_of(request, BRANCH_COOKIE) if till is None else str(till)
    here = next(iter(names)) if len(names) == 1 else chosen if chosen in names else None
    if "where" in request.query_params and till is None and len(names) > 1:
        here = None
    return Place(
        None if here is None else UUID(here),
        "" if here is None else names[here],
        tuple(names.items()),
        fixed=len(names) == 1 or till is not None,
    )


async def branch_meant(request: Request[Any, Any, Any], form: Mapping[str, str]) -> UUID:
    """The branch that a form was opened at: another tab may have moved this browser since. Raises DomainError
    `unknown-branch`; whether the clerk may work there is for the entry to check.
    """
    text = form.get("branch_id", "")
    if not text:
        return (await place_of(request)).branch
    try:
        return UUID(text)
    except ValueError:
        raise DomainError("unknown-branch", params={"branch": text}) from None


def branch_cookie(branch_id: str) -> Cookie:
    """What keeps the choice in this browser."""
    return lasting_cookie(BRANCH_COOKIE, branch_id)

"""What the rows of a batch are read against: the tenant's clock, zone, currency and branches."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from saas.money import to_decimal
from saas.scope import connection
from tenants.audit.record import record
from tenants.branches.room import room
from tenants.imports.errors import RowErrors
from tenants.imports.layout import Layout
from tenants.imports.options import ImportOptions
from tenants.imports.values import Times, day_ahead
from tenants.programme.document import Programme
from tenants.programme.versions import programme

_TENANT: Final = (
    "SELECT timezone, currency, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
    " WHERE tenant_id = $1"
)
_BRANCHES: Final = (
    "SELECT code, id FROM branch WHERE tenant_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) ORDER BY id"
)
_MERGED: Final = "SELECT id, merged_into FROM member WHERE tenant_id = $1 AND id = ANY ($2) AND merged_into IS NOT NULL"


class BranchRow(Protocol):
    """A row that may name a branch, by its code."""

    line: int
    branch: str


class RetryBatchError(Exception):
    """Somebody else wrote what this batch was about to write. Rolled back to its start, it sees their rows."""


@dataclass(frozen=True, slots=True)
class Run:
    """One import, as its row says."""

    tenant_id: UUID
    id: UUID
    options: ImportOptions
    actor: str
    branch_ids: list[UUID] | None

    @property
    def accrues(self) -> bool:
        """Whether points are given once the rows are in."""
        return self.options.accrue and not self.options.dry_run

    @property
    def mark(self) -> str:
        """What a member made by this import has as `enrolled_by`."""
        return f"import:{self.id}"


@dataclass(slots=True)
class Counts:
    """Rows by what became of them; bad ones are counted by their errors."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Context:
    """`now` is the tenant's, `rules` are those in force. `branches` has those that the caller may write at, by code,
    the oldest first.
    """

    run: Run
    layout: Layout
    errors: RowErrors
    zone: ZoneInfo
    currency: str
    now: datetime
    rules: Programme
    branches: dict[str, UUID]
    times: Times = field(init=False)

    def __post_init__(self) -> None:
        self.times = Times(self.zone, day_ahead(self.now))

    @property
    def tenant_id(self) -> UUID:
        return self.run.tenant_id

    @property
    def options(self) -> ImportOptions:
        return self.run.options

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def wrong(self, line: int, field: str, code: str, value: str | None = None, **params: object) -> None:
        """An error in the row that begins at `line`, named by the column that feeds `field`."""
        self.errors.add(line, self.layout.column(field), code, value, **params)

    def as_written(self, minor: int) -> str:
        """An amount as the file writes amounts: in minor units, or in the currency's own with its decimals."""
        return str(minor) if self.options.minor_units else f"{to_decimal(minor, self.currency):f}"

    def is_good(self, line: int) -> bool:
        return line not in self.errors.failed


async def load_context(run: Run, layout: Layout) -> Context:
    tenant: Any = await connection().fetchrow(_TENANT, run.tenant_id)
    zone = ZoneInfo(tenant["timezone"])
    rules = await programme(tenant["programme_version"])
    return Context(run, layout, RowErrors(), zone, tenant["currency"], tenant["now"], rules, await _branches(run))


async def attempt_of(context: Context) -> Context:
    """The same with errors of its own and the branches of now, for one attempt at writing."""
    return replace(context, errors=context.errors.copy(), branches=await _branches(context.run))


async def _branches(run: Run) -> dict[str, UUID]:
    rows = await connection().fetch(_BRANCHES, run.tenant_id, run.branch_ids)
    return {row["code"]: row["id"] for row in rows}


async def create_branches(context: Context, rows: Iterable[BranchRow]) -> None:
    """Makes the branches that the good rows name and that don't exist yet; their names are their codes, until somebody
    renames them. Rows whose branch the plan has no room for are errors. Not for a caller bound to branches.
    """
    good = [row for row in rows if row.branch and context.is_good(row.line)]
    if all(row.branch in context.branches for row in good):
        return
    left, held = await room()
    context.branches.update(await _branches(context.run))  # as they are now that nobody else opens any
    missing = sorted({row.branch for row in good} - context.branches.keys())
    refused = set(missing[max(left, 0) :])
    for row in good:
        if row.branch in refused:
            context.wrong(row.line, "branch", "branch-over-plan", row.branch, limit=held.branches)
    for code in missing[: max(left, 0)]:
        branch_id = uuid7()
        tag = await connection().execute(
            "INSERT INTO branch AS b (tenant_id, id, code, name, kind) VALUES ($1, $2, $3, $3, 'own')"
            " ON CONFLICT DO NOTHING",
            context.tenant_id,
            branch_id,
            code,
        )
        if tag == "INSERT 0 0":
            raise RetryBatchError
        detail = {"code": code, "import_id": str(context.run.id)}
        await record("branch.open", f"branch:{branch_id}", detail)
        context.branches[code] = branch_id


async def merged(members: Iterable[UUID], context: Context) -> dict[UUID, UUID]:
    """Whom those of them that were merged away were merged into."""
    rows = await connection().fetch(_MERGED, context.tenant_id, list(set(members)))
    return {row["id"]: row["merged_into"] for row in rows}

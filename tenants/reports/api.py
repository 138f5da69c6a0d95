"""Reports over HTTP: numbers for charts, and for who wants to check ours."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from litestar import Request, get
from pydantic import Field

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import LocalDate, Query, parse_query
from tenants.branches.branch import require_whole_chain
from tenants.reports import pareto
from tenants.reports.answers import Asked, for_caller
from tenants.reports.span import EVER, LONGEST, Span, today

READ: Final = {"requires": "reports:read"}
_Request = Request[Any, Any, Any]
Q = TypeVar("Q", bound="ReportQuery")


class ReportQuery(Query):
    """`from` and `to`: local days, both in it; without them from the first of the month of `to` to today."""

    first: Annotated[LocalDate | None, Field(alias="from")] = None
    last: Annotated[LocalDate | None, Field(alias="to")] = None


class BranchesQuery(ReportQuery):
    """`branch_id`: one branch alone."""

    branch_id: UUID | None = None


class ParetoQuery(BranchesQuery):
    """`percent`: of the revenue, for which the smallest set of members is looked for."""

    percent: int = Field(default=pareto.USUAL, ge=1, le=100)


@get("/v1/reports/overview", opt=READ, tags=["reports"])
async def get_overview(request: _Request) -> dict[str, Any]:
    """Members, sales and buyers over some days, whole and by day, week or month. Sales are net of refunds, which count
    on the day of their purchase; what was undone counts nowhere.
    """
    return await _of(request, "overview")


@get("/v1/reports/tier-mix", opt=READ, tags=["reports"])
async def get_tier_mix(request: _Request) -> dict[str, Any]:
    """Of each ladder, how many of today's members held each tier at the end of each day, week or month."""
    return await _of(request, "tier-mix")


@get("/v1/reports/movements", opt=READ, tags=["reports"])
async def get_movements(request: _Request) -> dict[str, Any]:
    """Who rose, fell, or was held for another term: the decisions of these days, from tier to tier."""
    return await _of(request, "movements")


@get("/v1/reports/rfm", opt=READ, tags=["reports"])
async def get_rfm(request: _Request) -> dict[str, Any]:
    """Recency, frequency and monetary value, as of `to`: of the whole life without `from`, else of these days."""
    query = _query(BranchesQuery, request)
    return await _answer("rfm", await _span(query, EVER))


@get("/v1/reports/cohorts", opt=READ, tags=["reports"])
async def get_cohorts(request: _Request) -> dict[str, Any]:
    """Members by the month of their first purchase, and how many of them bought in each month after."""
    return await _of(request, "cohorts")


@get("/v1/reports/pareto", opt=READ, tags=["reports"])
async def get_pareto(request: _Request) -> dict[str, Any]:
    """The smallest set of members that makes `percent` of what members spent in these days."""
    query = _query(ParetoQuery, request)
    found = await _answer("pareto", await _span(query))
    return {**found, **pareto.told(found, query.percent)}


@get("/v1/reports/branches", opt=READ, tags=["reports"])
async def get_branches(request: _Request) -> dict[str, Any]:
    """The branches side by side."""
    return await _of(request, "branches")


@get("/v1/reports/liability", opt=READ, tags=["reports"])
async def get_liability(request: _Request) -> dict[str, Any]:
    """Points and stored value that the chain owes its members. It is the whole chain's: for callers of every branch."""
    require_whole_chain()
    return await _answer("liability", await _span(_query(ReportQuery, request)))


async def _of(request: _Request, report: str) -> dict[str, Any]:
    return await _answer(report, await _span(_query(BranchesQuery, request)))


def _query(model: type[Q], request: _Request) -> Q:
    return parse_query(model, request.query_params.multi_items())


async def _span(query: ReportQuery, otherwise: date | None = None) -> Span:
    """The query's days and branches. Raises DomainError `validation-failed`, `not-permitted`, `not-found`."""
    now = await today()
    last = query.last or now.day
    if last > now.day:
        raise DomainError("validation-failed", errors=[FieldError("/to", "in-the-future")])
    first = query.first or otherwise or last.replace(day=1)
    span = Span(first, last, await branch_ids(getattr(query, "branch_id", None)))
    require_sound(span)
    return span


def require_sound(span: Span) -> None:
    """Raises DomainError `validation-failed` for days in the wrong order, or too many of them."""
    errors: Sequence[FieldError] = ()
    if span.last < span.first:
        errors = [FieldError("/to", "ends-before-it-begins")]
    elif span.first != EVER and span.days > LONGEST:
        errors = [FieldError("/to", "span-too-long", {"days": LONGEST})]
    if errors:
        raise DomainError("validation-failed", errors=errors)


async def branch_ids(branch_id: UUID | None) -> tuple[UUID, ...] | None:
    """Those that are asked for and that the caller may see; None: the whole chain. Raises DomainError `not-permitted`,
    `not-found`.
    """
    principal = current().principal
    if branch_id is None:
        return None if principal.branch_ids is None else tuple(sorted(principal.branch_ids))
    if not principal.may_at(branch_id):
        raise DomainError("not-permitted")
    known = "SELECT 1 FROM branch WHERE tenant_id = $1 AND id = $2"
    if await connection().fetchval(known, current().tenant_id, branch_id) is None:
        raise DomainError("not-found")
    return (branch_id,)


async def _answer(report: str, span: Span) -> dict[str, Any]:
    now = await today()
    found = await for_caller(Asked(report, span), now)
    if found.data is None or found.made_at is None:
        raise DomainError("internal")
    days = {"from": None if span.first == EVER else span.first.isoformat(), "to": span.last.isoformat()}
    return {**days, "as_of": found.made_at, "currency": now.currency, **found.data}


HANDLERS = [
    get_overview,
    get_tier_mix,
    get_movements,
    get_rfm,
    get_cohorts,
    get_pareto,
    get_branches,
    get_liability,
]

"""The shift report over HTTP, as JSON and as a table."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from pydantic import Field

from saas.csv_text import csv_text
from saas.errors import DomainError
from saas.money import to_decimal
from saas.scope import connection, current
from saas.validation import Query, parse_query
from tenants.shifts.report import KINDS, Report, Shift, Sum, in_order, shifts
from tenants.shifts.span import Span, span_of

READ = {"requires": "reports:read"}
_TENANT: Final = "SELECT timezone, currency FROM tenant WHERE tenant_id = $1"
_HEAD: Final = ("branch", "branch_name", "clerk", "kind", "tender", "count", "amount")


class ShiftQuery(Query):
    """`from` and `to`: local days (all of the last one) or instants. `branch_id`: one branch alone."""

    first: Annotated[str, Field(alias="from", min_length=1, max_length=40)]
    last: Annotated[str, Field(alias="to", min_length=1, max_length=40)]
    branch_id: UUID | None = None


@get("/v1/reports/shifts", opt=READ, tags=["reports"])
async def get_shifts(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What each clerk took and gave back at each branch, by way of payment; what was undone stands apart."""
    span, currency, report = await _report(request)
    found = [
        {"branch_id": branch["id"], "branch": branch["code"], "clerk": clerk, **_shift_out(shift)}
        for branch, clerk, shift in report.shifts
    ]
    return {
        "from": span.first,
        "to": span.end,
        "currency": currency,
        "shifts": found,
        "totals": _shift_out(report.total),
    }


@get("/v1/reports/shifts.csv", opt=READ, tags=["reports"])
async def get_shifts_csv(request: Request[Any, Any, Any]) -> Response[str]:
    """The same as a table: a line for each kind and way of payment, amounts in whole currency units."""
    _, currency, report = await _report(request)
    return Response(
        csv_text([_HEAD, *_lines(report, currency)]),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="shifts.csv"', "Cache-Control": "no-store"},
    )


async def _report(request: Request[Any, Any, Any]) -> tuple[Span, str, Report]:
    query = parse_query(ShiftQuery, request.query_params.multi_items())
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    span = span_of(query.first, query.last, ZoneInfo(tenant["timezone"]))
    return span, tenant["currency"], await shifts(span, await _branches(query.branch_id))


async def _branches(branch_id: UUID | None) -> list[UUID] | None:
    """Those that are asked for and that the caller may see; None: all. Raises DomainError `not-permitted`,
    `not-found`.
    """
    principal = current().principal
    if branch_id is None:
        return None if principal.branch_ids is None else sorted(principal.branch_ids)
    if not principal.may_at(branch_id):
        raise DomainError("not-permitted")
    known = "SELECT 1 FROM branch WHERE tenant_id = $1 AND id = $2"
    if await connection().fetchval(known, current().tenant_id, branch_id) is None:
        raise DomainError("not-found")
    return [branch_id]


def _shift_out(shift: Shift) -> dict[str, Any]:
    undone = {kind: {"count": each.count, "amount": each.amount} for kind, each in shift.undone.items()}
    sums = {kind: _sum_out(shift.sums[kind]) for kind in KINDS}
    return {**sums, "undone": undone, "takings": _tenders_out(shift.takings)}


def _sum_out(each: Sum) -> dict[str, Any]:
    return {"count": each.count, "amount": each.amount, "tenders": _tenders_out(each.tenders)}


def _tenders_out(tenders: Mapping[str | None, int]) -> list[dict[str, Any]]:
    return [{"type": way, "amount": amount} for way, amount in in_order(tenders)]


def _lines(report: Report, currency: str) -> Iterator[list[str | Decimal | int | None]]:
    """Of each shift its sums, their tenders, what was undone, and the takings; then all of it together."""
    for branch, clerk, shift in report.shifts:
        for line in _lines_of(shift, currency):
            yield [branch["code"], branch["name"], clerk, *line]
    for line in _lines_of(report.total, currency):
        yield [None, None, None, *line]


def _lines_of(shift: Shift, currency: str) -> Iterator[list[str | Decimal | int | None]]:
    for kind in KINDS:
        each = shift.sums[kind]
        if each.count:
            yield [kind, None, each.count, to_decimal(each.amount, currency)]
            for way, amount in in_order(each.tenders):
                yield [kind, way or "unnamed", None, to_decimal(amount, currency)]
    for kind, each in shift.undone.items():
        if each.count:
            yield [f"undone_{kind}", None, each.count, to_decimal(each.amount, currency)]
    for way, amount in in_order(shift.takings):
        yield ["takings", way or "unnamed", None, to_decimal(amount, currency)]


HANDLERS = [get_shifts, get_shifts_csv]

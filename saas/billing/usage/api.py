"""`/v1/billing/usage`: what a chain pays by."""

from typing import Any
from uuid import UUID

from litestar import Request, get

from saas.billing.usage.invoice import Expected, Line
from saas.billing.usage.showing import Usage, members_counted, usage_of
from saas.field_types import AwareDatetime
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, Query, parse_query


class UsageQuery(Query):
    """`period_start`: as an answer named it; left out, the present period."""

    period_start: AwareDatetime | None = None


class MembersQuery(ListQuery):
    """Likewise."""

    period_start: AwareDatetime | None = None


@get(
    "/v1/billing/usage",
    opt={"requires": "reports:read"},
    summary="Active members of a billing period, by day, and the invoice to expect",
)
async def usage(request: Request[Any, Any, Any]) -> dict[str, Any]:
    query = parse_query(UsageQuery, request.query_params.multi_items())
    return _shown(await usage_of(query.period_start))


@get(
    "/v1/billing/usage/members",
    opt={"requires": "reports:read"},
    summary="Which members count in a billing period, and the first fact that made each of them active",
)
async def members(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(MembersQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await members_counted(query.period_start, after, query.limit + 1)
    return page(rows, query.limit, dict, lambda row: (row["member_id"],))


def _shown(found: Usage) -> dict[str, Any]:
    return {
        "period": {"start": found.period.start, "end": found.period.end, "billed": found.period.billed},
        "counted_at": found.counted_at,
        "plan": {"code": found.plan.code, "revision": found.plan.revision, "names": dict(found.plan.names)},
        "active_members": {"count": found.members, "included": found.plan.members, "further": found.further},
        "days": [{"day": one.day, "new": one.new, "count": one.members} for one in found.days],
        "expected_invoice": None if found.expected is None else _invoice(found.expected),
    }


def _invoice(expected: Expected) -> dict[str, Any]:
    return {
        "currency": expected.currency,
        "lines": [_line(line) for line in expected.lines],
        "total": expected.total,
    }


def _line(line: Line) -> dict[str, Any]:
    """`unit_amount`: minor units as a decimal text, since it may be parts of one."""
    return {
        "part": line.part,
        "plan": line.plan.code,
        "quantity": line.quantity,
        "unit_amount": f"{line.unit_amount:f}",
        "amount": line.amount,
    }


HANDLERS = [usage, members]

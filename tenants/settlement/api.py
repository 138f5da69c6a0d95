"""The settlement between branches over HTTP, as JSON and as a table."""

from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from pydantic import Field

from saas.csv_text import csv_text
from saas.errors import DomainError, FieldError
from saas.money import to_decimal
from saas.scope import connection, current
from saas.validation import LocalDate, Query, parse_query
from tenants.branches.branch import branch
from tenants.settlement.report import Branch, Pair, balances_of, pairs_of

READ = {"requires": "reports:read"}
LONGEST: Final = 366
"""Local days in one report."""
_TENANT: Final = "SELECT timezone, currency FROM tenant WHERE tenant_id = $1"
_HEAD: Final = (
    *("holder", "holder_name", "place", "place_name", "principal", "bonus", "paid_out", "net"),
    "currency",
)


class SettlementQuery(Query):
    """Local days, both included. `branch_id`: what concerns this branch alone."""

    first: LocalDate = Field(alias="from")
    last: LocalDate = Field(alias="to")
    branch_id: UUID | None = None


@get("/v1/reports/settlement", opt=READ, tags=["reports"])
async def get_settlement(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What branches owe each other for stored value paid in at one and used at another. `holder` took the money,
    `place` gave goods (`principal`, `bonus`) or money (`paid_out`) for it; the holder owes `net`, the money. The
    branches' balances sum to 0. A key of some branches sees what concerns these.
    """
    query, currency, pairs, own = await _pairs(request)
    balances = [b for b in balances_of(pairs) if own is None or b.branch.id in own]
    return {
        "from": query.first,
        "to": query.last,
        "currency": currency,
        "pairs": [
            {
                "holder": _branch_out(pair.holder),
                "place": _branch_out(pair.place),
                "principal": pair.principal,
                "bonus": pair.bonus,
                "paid_out": pair.paid_out,
                "net": pair.net,
            }
            for pair in pairs
        ],
        "branches": [
            {"branch": _branch_out(b.branch), "owes": b.owes, "is_owed": b.is_owed, "balance": b.balance}
            for b in balances
        ],
    }


@get("/v1/reports/settlement.csv", opt=READ, tags=["reports"])
async def get_settlement_csv(request: Request[Any, Any, Any]) -> Response[str]:
    """The pairs as a table, amounts in whole currency units."""
    query, currency, pairs, _ = await _pairs(request)
    rows = [
        [
            *(pair.holder.code, pair.holder.name, pair.place.code, pair.place.name),
            *(to_decimal(n, currency) for n in (pair.principal, pair.bonus, pair.paid_out, pair.net)),
            currency,
        ]
        for pair in pairs
    ]
    name = f"settlement-{query.first}-{query.last}.csv"
    return Response(
        csv_text([_HEAD, *rows]),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _pairs(request: Request[Any, Any, Any]) -> tuple[SettlementQuery, str, list[Pair], list[UUID] | None]:
    """With the branches that it is about, None: all. Raises DomainError `validation-failed`, `not-permitted`,
    `not-found`.
    """
    query = parse_query(SettlementQuery, request.query_params.multi_items())
    days = (query.last - query.first).days + 1
    if days < 1:
        raise DomainError("validation-failed", errors=[FieldError("/to", "ends-before-it-begins")])
    if days > LONGEST:
        raise DomainError("validation-failed", errors=[FieldError("/to", "span-too-long", {"days": LONGEST})])
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    own = await _own(query.branch_id)
    pairs = await pairs_of(query.first, query.last, ZoneInfo(tenant["timezone"]), own)
    return query, tenant["currency"], pairs, own


async def _own(branch_id: UUID | None) -> list[UUID] | None:
    principal = current().principal
    if branch_id is None:
        return None if principal.branch_ids is None else sorted(principal.branch_ids)
    if not principal.may_at(branch_id):
        raise DomainError("not-permitted")
    return [(await branch(branch_id))["id"]]


def _branch_out(branch: Branch) -> dict[str, Any]:
    """The chain itself has null everywhere."""
    return {"id": branch.id, "code": branch.code, "name": branch.name, "kind": branch.kind}


HANDLERS = [get_settlement, get_settlement_csv]

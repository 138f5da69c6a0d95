"""The settlement between branches over HTTP, as JSON and as a table."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from pydantic import Field

from saas.csv_text import csv_text
from saas.errors import DomainError, FieldError
from saas.money import to_decimal
from saas.scope import connection, current
from saas.validation import LocalDate, Query, parse_query
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
    """Local days, both included."""

    first: LocalDate = Field(alias="from")
    last: LocalDate = Field(alias="to")


@get("/v1/reports/settlement", opt=READ, tags=["reports"])
async def get_settlement(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What branches owe each other for stored value paid in at one and used at another. `holder` took the money,
    `place` gave goods (`principal`, `bonus`) or money (`paid_out`) for it; the holder owes `net`, the money. The
    branches' balances sum to 0. A key of some branches sees what concerns these.
    """
    query, currency, pairs = await _pairs(request)
    own = current().principal.branch_ids
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
    query, currency, pairs = await _pairs(request)
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


async def _pairs(request: Request[Any, Any, Any]) -> tuple[SettlementQuery, str, list[Pair]]:
    query = parse_query(SettlementQuery, request.query_params.multi_items())
    days = (query.last - query.first).days + 1
    if days < 1:
        raise DomainError("validation-failed", errors=[FieldError("/to", "ends-before-it-begins")])
    if days > LONGEST:
        raise DomainError("validation-failed", errors=[FieldError("/to", "span-too-long", {"days": LONGEST})])
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    own = current().principal.branch_ids
    pairs = await pairs_of(query.first, query.last, ZoneInfo(tenant["timezone"]), None if own is None else sorted(own))
    return query, tenant["currency"], pairs


def _branch_out(branch: Branch) -> dict[str, Any]:
    """The chain itself has null everywhere."""
    return {"id": branch.id, "code": branch.code, "name": branch.name, "kind": branch.kind}


HANDLERS = [get_settlement, get_settlement_csv]

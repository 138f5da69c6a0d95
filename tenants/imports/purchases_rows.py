"""Rows of a purchase file as purchases: every cell checked, nothing looked up yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from saas.errors import InvalidValueError
from tenants.imports.context import Context
from tenants.imports.reading import Row
from tenants.imports.values import amount, branch_code, text

LONGEST_KEY: Final = 128
LONGEST_CATEGORY: Final = 64
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DAY: Final = date(1970, 1, 1)


@dataclass(slots=True)
class PurchaseRow:
    """A row; of a bad one only some fields have their value. `member` and `branch` are as the file names them
    ("" without), the ids are found later.
    """

    line: int
    external_id: str = ""
    member: str = ""
    branch: str = ""
    occurred_at: datetime = _NEVER
    local_day: date = _NO_DAY
    amount: int = 0
    category: str | None = None
    member_id: UUID | None = None
    branch_id: UUID | None = None
    fingerprint: bytes = b""


def parse_purchases(rows: Sequence[Row], context: Context) -> list[PurchaseRow]:
    """One for each row; what is wrong goes to the context's errors, all of it."""
    return [_parse(row, context) for row in rows]


def _parse(row: Row, context: Context) -> PurchaseRow:
    found = PurchaseRow(row.line)
    for field, cell in row.cells.items():
        try:
            _set(found, field, cell, context)
        except InvalidValueError as error:
            context.errors.add_invalid(row.line, context.layout.column(field), error, cell)
    for field in ("external_id", "member", "occurred_at", "amount"):
        if field not in row.cells:
            context.wrong(row.line, field, "required")
    if found.amount < 0:
        context.wrong(row.line, "amount", "refund-not-supported", row.cells["amount"])
    return found


def _set(found: PurchaseRow, field: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError."""
    encoding = context.layout.encoding
    match field:
        case "external_id":
            found.external_id = text(cell, LONGEST_KEY, encoding)
        case "member":
            found.member = text(cell, LONGEST_KEY, encoding)
        case "branch":
            found.branch = branch_code(cell)
        case "occurred_at":
            found.occurred_at, found.local_day = context.times.instant(cell)
        case "amount":
            found.amount = amount(cell, context.currency, minor_units=context.options.minor_units)
        case "category":
            found.category = text(cell, LONGEST_CATEGORY, encoding)
        case "refund_of":
            raise InvalidValueError("refund-not-supported")

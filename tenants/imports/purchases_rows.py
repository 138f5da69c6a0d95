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
REQUIRED: Final = ("external_id", "member", "occurred_at", "amount")
REQUIRED_OF_REFUND: Final = ("external_id", "occurred_at", "amount")
"""The purchase says whose a refund is."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DAY: Final = date(1970, 1, 1)


@dataclass(slots=True)
class PurchaseRow:
    """A row, a purchase or a refund; of a bad one only some fields have their value. `member`, `branch` and
    `refund_of` are as the file names them ("" without), the ids are found later.
    """

    line: int
    external_id: str = ""
    member: str = ""
    branch: str = ""
    occurred_at: datetime = _NEVER
    local_day: date = _NO_DAY
    amount: int = 0
    category: str | None = None
    refund_of: str = ""
    member_id: UUID | None = None
    branch_id: UUID | None = None
    fingerprint: bytes = b""

    @property
    def is_refund(self) -> bool:
        return self.refund_of != "" or self.amount < 0


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
    refund = found.is_refund or "refund_of" in row.cells
    for field in REQUIRED_OF_REFUND if refund else REQUIRED:
        if field not in row.cells:
            context.wrong(row.line, field, "required")
    if refund and context.is_good(row.line):
        if found.refund_of == "":
            context.wrong(row.line, "amount", "refund-of-missing", row.cells["amount"])
        elif found.amount >= 0:
            context.wrong(row.line, "amount", "refund-not-negative", row.cells["amount"])
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
            found.refund_of = text(cell, LONGEST_KEY, encoding)

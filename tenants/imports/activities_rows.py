"""Rows of a file of activities: every cell checked, nothing looked up yet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from saas.errors import InvalidValueError
from tenants.activities.bodies import KIND
from tenants.activities.kinds import is_health, is_known, known_kinds
from tenants.activities.values import parse_number
from tenants.imports.context import Context
from tenants.imports.options import REQUIRED
from tenants.imports.reading import Row
from tenants.imports.values import branch_code, text

LONGEST_KEY: Final = 128
_KIND: Final = re.compile(KIND)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DAY: Final = date(1970, 1, 1)


@dataclass(slots=True)
class ActivityRow:
    """A row; of a bad one only some fields have their value. `member` and `branch` are as the file names them
    ("" without), the ids are found later.
    """

    line: int
    external_id: str = ""
    member: str = ""
    branch: str = ""
    kind: str = ""
    occurred_at: datetime = _NEVER
    local_day: date = _NO_DAY
    value: Decimal | None = None
    member_id: UUID | None = None
    branch_id: UUID | None = None
    fingerprint: bytes = b""


def parse_activities(rows: Sequence[Row], context: Context) -> list[ActivityRow]:
    """One for each row; what is wrong goes to the context's errors, all of it."""
    return [_parse(row, context) for row in rows]


def _parse(row: Row, context: Context) -> ActivityRow:
    found = ActivityRow(row.line)
    for field, cell in row.cells.items():
        try:
            _set(found, field, cell, context)
        except InvalidValueError as error:
            column = context.layout.column(field)
            if field == "value" and is_health(context.rules, row.cells.get("kind", "")):
                context.errors.add(row.line, column, error.code, None, **error.params)  # not for all who see errors
            else:
                context.errors.add_invalid(row.line, column, error, cell)
    for field in REQUIRED["activities"]:
        if field not in row.cells:
            context.wrong(row.line, field, "required")
    if context.run.branch_ids is not None and "branch" not in row.cells:
        context.wrong(row.line, "branch", "required")  # as for a till that is bound to branches
    return found


def _set(found: ActivityRow, field: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError."""
    encoding = context.layout.encoding
    match field:
        case "external_id":
            found.external_id = text(cell, LONGEST_KEY, encoding)
        case "member":
            found.member = text(cell, LONGEST_KEY, encoding)
        case "branch":
            found.branch = branch_code(cell)
        case "kind":
            found.kind = _kind(text(cell, LONGEST_KEY, encoding), context)
        case "occurred_at":
            found.occurred_at, found.local_day = context.times.instant(cell)
        case "value":
            found.value = parse_number(cell)


def _kind(code: str, context: Context) -> str:
    if not is_known(context.rules, code):
        raise InvalidValueError("undeclared-activity-kind", known=known_kinds(context.rules))
    if _KIND.fullmatch(code) is None:
        raise InvalidValueError("wrong-format")
    return code

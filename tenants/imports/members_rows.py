"""Rows of a member file: every cell checked, nothing looked up yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from saas.errors import InvalidValueError
from tenants.imports.context import Context
from tenants.imports.options import ONE_OF
from tenants.imports.reading import Row
from tenants.imports.values import Gender, branch_code, day, gender, text
from tenants.members.phones import normalise_phone

LONGEST_KEY: Final = 128
LONGEST_NAME: Final = 200
_AHEAD: Final = timedelta(days=1)


@dataclass(slots=True)
class MemberRow:
    """A row; None: the cell is empty or wrong. `branch` is the code ("" without), its id is found later."""

    line: int
    external_id: str | None = None
    phone: str | None = None
    card_no: str | None = None
    name: str | None = None
    birthday: date | None = None
    gender: Gender | None = None
    joined_on: date | None = None
    branch: str = ""
    branch_id: UUID | None = None


def parse_members(rows: Sequence[Row], context: Context) -> list[MemberRow]:
    """One for each row; what is wrong goes to the context's errors, all of it."""
    return [_parse(row, context) for row in rows]


def _parse(row: Row, context: Context) -> MemberRow:
    found = MemberRow(row.line)
    for field, cell in row.cells.items():
        try:
            _set(found, field, cell, context)
        except InvalidValueError as error:
            context.errors.add_invalid(row.line, context.layout.column(field), error, cell)
    if not any(field in row.cells for field in ONE_OF["members"]):
        context.errors.add(row.line, "", "identifier-missing", expected=", ".join(ONE_OF["members"]))
    return found


def _set(found: MemberRow, field: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError."""
    encoding = context.layout.encoding
    match field:
        case "external_id":
            found.external_id = text(cell, LONGEST_KEY, encoding)
        case "phone":
            found.phone = normalise_phone(cell)
        case "card_no":
            found.card_no = text(cell, LONGEST_KEY, encoding)
        case "name":
            found.name = text(cell, LONGEST_NAME, encoding)
        case "birthday":
            found.birthday = _until(cell, context.today, "in-the-future")
        case "gender":
            found.gender = gender(cell)
        case "joined_on":
            found.joined_on = _until(cell, context.today + _AHEAD, "occurred-too-far-ahead")
        case "branch":
            found.branch = branch_code(cell)


def _until(cell: str, latest: date, code: str) -> date:
    found = day(cell)
    if found > latest:
        raise InvalidValueError(code)
    return found

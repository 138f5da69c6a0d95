"""Rows of a member file: every cell checked, nothing looked up yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from saas.errors import InvalidValueError
from tenants.imports.context import Context
from tenants.imports.layout import ATTRIBUTE
from tenants.imports.options import ONE_OF
from tenants.imports.reading import Row
from tenants.imports.values import Gender, branch_code, calendar, day, gender, member_kind, text
from tenants.members.attributes import LONGEST_TEXT, Value, read_cell
from tenants.members.birthdays import Calendar
from tenants.members.eligibility import Kind
from tenants.members.phones import normalise_phone
from tenants.members.tags import tags_of_cell

LONGEST_KEY: Final = 128
LONGEST_NAME: Final = 200
_LONGEST_TAGS: Final = 4000
_AHEAD: Final = timedelta(days=1)


@dataclass(slots=True)
class MemberRow:
    """A row; None: the cell is empty or wrong. `branch` is the code ("" without), its id is found later."""

    line: int
    external_id: str | None = None
    phone: str | None = None
    card_no: str | None = None
    name: str | None = None
    kind: Kind | None = None
    birthday: date | None = None
    birthday_calendar: Calendar | None = None
    gender: Gender | None = None
    joined_on: date | None = None
    branch: str = ""
    branch_id: UUID | None = None
    tags: frozenset[str] | None = None
    attributes: dict[str, Value] = field(default_factory=dict)


def parse_members(rows: Sequence[Row], context: Context) -> list[MemberRow]:
    """One for each row; what is wrong goes to the context's errors, all of it."""
    return [_parse(row, context) for row in rows]


def _parse(row: Row, context: Context) -> MemberRow:
    found = MemberRow(row.line)
    for name, cell in row.cells.items():
        try:
            if name.startswith(ATTRIBUTE):
                _set_attribute(found, name.removeprefix(ATTRIBUTE), cell, context)
            else:
                _set(found, name, cell, context)
        except InvalidValueError as error:
            context.errors.add_invalid(row.line, context.layout.column(name), error, cell)
    if not any(name in row.cells for name in ONE_OF["members"]):
        context.errors.add(row.line, "", "identifier-missing", expected=", ".join(ONE_OF["members"]))
    return found


def _set(found: MemberRow, name: str, cell: str, context: Context) -> None:  # noqa: C901 - a line a field
    """Raises InvalidValueError."""
    encoding = context.layout.encoding
    match name:
        case "external_id":
            found.external_id = text(cell, LONGEST_KEY, encoding)
        case "phone":
            found.phone = normalise_phone(cell)
        case "card_no":
            found.card_no = text(cell, LONGEST_KEY, encoding)
        case "name":
            found.name = text(cell, LONGEST_NAME, encoding)
        case "kind":
            found.kind = member_kind(cell)
        case "birthday":
            found.birthday = _until(cell, context.today, "in-the-future")
        case "birthday_calendar":
            found.birthday_calendar = calendar(cell)
        case "gender":
            found.gender = gender(cell)
        case "joined_on":
            found.joined_on = _until(cell, context.today + _AHEAD, "occurred-too-far-ahead")
        case "branch":
            found.branch = branch_code(cell)
        case "tags":
            found.tags = frozenset(tags_of_cell(text(cell, _LONGEST_TAGS, encoding)))


def _set_attribute(found: MemberRow, code: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError, `unknown-attribute` where the rules changed since the import began."""
    declared = next((attribute for attribute in context.rules.attributes if attribute.code == code), None)
    if declared is None:
        raise InvalidValueError("unknown-attribute")
    line = day(cell).isoformat() if declared.type == "date" else text(cell, LONGEST_TEXT, context.layout.encoding)
    found.attributes[code] = read_cell(declared, line)


def _until(cell: str, latest: date, code: str) -> date:
    found = day(cell)
    if found > latest:
        raise InvalidValueError(code)
    return found

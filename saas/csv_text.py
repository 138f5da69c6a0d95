"""CSV (RFC 4180) that a spreadsheet opens as it is meant: UTF-8 with its mark, and no cell that runs as a formula."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

_MARK: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Iterable[Iterable[str | Decimal | int | None]]) -> str:
    """The rows as one text; None is an empty cell. Numbers stay numbers, below zero too; text is never a formula."""
    return _MARK + "".join(csv_line(row) for row in rows)


def csv_line(row: Iterable[str | Decimal | int | None]) -> str:
    """One row with its end, for who writes them a few at a time; the mark goes before the first."""
    return ",".join(_cell(value) for value in row) + "\r\n"


def _cell(value: str | Decimal | int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = f"'{value}" if value.startswith(_FORMULA) else value
    if any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text

"""Which column of the file feeds which field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from tenants.imports.options import FIELDS, ONE_OF, REQUIRED, ImportOptions
from tenants.imports.sniff import Form, Format

ATTRIBUTE: Final = "attribute:"
"""Stands before an attribute's code where it is a field like the others."""


@dataclass(frozen=True, slots=True)
class ColumnError:
    """Why the file as a whole can't be read: `column` as the file or the mapping names it, "" for all of it."""

    column: str
    code: str
    params: dict[str, Any]


class LayoutError(ValueError):
    """The header doesn't fit. `errors` names every reason."""

    def __init__(self, *errors: ColumnError) -> None:
        super().__init__(errors[0].code)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Layout:
    """`columns` maps a field to its column's name, `places` to its index (CSV only), `width` counts columns.

    In NDJSON a key may be missing in any row, so there every field has its column.
    """

    form: Form
    encoding: str
    columns: dict[str, str]
    places: dict[str, int]
    width: int

    def to_json(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "encoding": self.encoding,
            "columns": self.columns,
            "places": self.places,
            "width": self.width,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)

    def column(self, field: str) -> str:
        """How errors name the field: by its column, if it has one."""
        return self.columns.get(field, field)


def ndjson_layout(found: Format, options: ImportOptions, declared: Sequence[str] = ()) -> Layout:
    """`declared`: codes of attributes that the file may have. Raises LayoutError where the mapping leaves a required
    field out or names one that nobody knows.
    """
    known = _known(options, declared)
    errors = []
    if options.mapping is None:
        columns = {field: name for name, field in known.items()}
    else:
        columns = {known.get(name, name): column for column, name in options.mapping.items()}
        errors = _unknown(options.mapping, known)
    errors += _missing(columns, options)
    if errors:
        raise LayoutError(*errors)
    return Layout("ndjson", found.encoding, columns, {}, 0)


def csv_layout(found: Format, header: Sequence[str], options: ImportOptions, declared: Sequence[str] = ()) -> Layout:
    """`declared`: codes of attributes that the file may have. Raises LayoutError: required fields without a column,
    columns that the mapping names and the file lacks, columns that are read and come twice, fields that nobody knows.
    """
    names = [name.strip() for name in header]
    known = _known(options, declared)
    errors = []
    if options.mapping is None:
        wanted = {name: field for name in names if (field := known.get(name) or known.get(name.lower()))}
    else:
        wanted = {column: known.get(name, name) for column, name in options.mapping.items()}
        errors = _unknown(options.mapping, known)
    errors += [ColumnError(column, "unknown-column", {}) for column in wanted if column not in names]
    taken: dict[str, int] = {}
    for index, name in enumerate(names):
        field = wanted.get(name)
        if field is None:
            continue
        if field in taken:
            errors.append(ColumnError(name, "duplicate", {}))
        taken.setdefault(field, index)
    columns = {field: names[index] for field, index in taken.items()}
    if not any(error.code == "unknown-column" for error in errors):
        errors += _missing(columns, options)
    if errors:
        raise LayoutError(*errors)
    return Layout("csv", found.encoding, columns, taken, len(names))


def _known(options: ImportOptions, declared: Sequence[str]) -> dict[str, str]:
    """Fields by what a column or a mapping calls them; a field of ours goes before an attribute of the same code."""
    return {**{code: ATTRIBUTE + code for code in declared}, **{name: name for name in FIELDS[options.kind]}}


def _unknown(mapping: Mapping[str, str], known: Mapping[str, str]) -> list[ColumnError]:
    return [ColumnError(column, "unknown-attribute", {}) for column, name in mapping.items() if name not in known]


def _missing(columns: dict[str, str], options: ImportOptions) -> list[ColumnError]:
    missing = [ColumnError(field, "required", {}) for field in REQUIRED[options.kind] if field not in columns]
    one_of = ONE_OF[options.kind]
    if one_of and not any(field in columns for field in one_of):
        missing.append(ColumnError("", "identifier-missing", {"expected": ", ".join(one_of)}))
    return missing

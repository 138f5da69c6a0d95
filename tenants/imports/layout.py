"""Which column of the file feeds which field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from tenants.imports.options import FIELDS, ONE_OF, REQUIRED, ImportOptions
from tenants.imports.sniff import Form, Format


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


def ndjson_layout(found: Format, options: ImportOptions) -> Layout:
    """Raises LayoutError where the mapping leaves a required field out."""
    if options.mapping is None:
        columns = {field: field for field in FIELDS[options.kind]}
    else:
        columns = {field: column for column, field in options.mapping.items()}
    missing = _missing(columns, options)
    if missing:
        raise LayoutError(*missing)
    return Layout("ndjson", found.encoding, columns, {}, 0)


def csv_layout(found: Format, header: Sequence[str], options: ImportOptions) -> Layout:
    """Raises LayoutError: required fields without a column, columns that the mapping names and the file lacks,
    columns that are read and come twice.
    """
    names = [name.strip() for name in header]
    if options.mapping is None:
        known = FIELDS[options.kind]
        wanted = {name: name.lower() for name in names if name.lower() in known}
    else:
        wanted = dict(options.mapping)
    errors = [ColumnError(column, "unknown-column", {}) for column in wanted if column not in names]
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


def _missing(columns: dict[str, str], options: ImportOptions) -> list[ColumnError]:
    missing = [ColumnError(field, "required", {}) for field in REQUIRED[options.kind] if field not in columns]
    one_of = ONE_OF[options.kind]
    if one_of and not any(field in columns for field in one_of):
        missing.append(ColumnError("", "identifier-missing", {"expected": ", ".join(one_of)}))
    return missing

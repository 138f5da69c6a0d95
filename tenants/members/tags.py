"""Tags: short words of the chain's own, a row each, compared by equality."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from saas.errors import InvalidValueError
from saas.field_types import clean_line
from saas.scope import connection, current

LONGEST: Final = 64
MOST: Final = 50
_RAW: Final = 200

_DELETE: Final = "DELETE FROM member_tag AS t WHERE t.tenant_id = $1 AND t.member_id = $2 AND t.tag <> ALL($3::text[])"
_INSERT: Final = (
    "INSERT INTO member_tag AS t (tenant_id, member_id, tag) SELECT $1, $2, n.tag FROM unnest($3::text[]) AS n (tag)"
    " ON CONFLICT DO NOTHING"
)
_TAGS: Final = "SELECT tag FROM member_tag WHERE tenant_id = $1 AND member_id = $2"


def normalise_tag(text: str) -> str:
    """The tag as it is kept: full-width letters as usual ones (NFKC), single spaces, in the writer's own case.

    Raises InvalidValueError `blank`, `control-character`, `too-long`.
    """
    tag = " ".join(clean_line(unicodedata.normalize("NFKC", clean_line(text))).split())
    if len(tag) > LONGEST:
        raise InvalidValueError("too-long", max=LONGEST)
    return tag


def _unique(tags: list[str]) -> tuple[str, ...]:
    found = tuple(sorted(set(tags)))
    if len(found) > MOST:
        raise InvalidValueError("too-many", max=MOST)
    return found


Tag = Annotated[str, Field(min_length=1, max_length=_RAW), AfterValidator(normalise_tag)]
Tags = Annotated[list[Tag], Field(max_length=1000), AfterValidator(_unique)]
"""At most 50 different ones, in order."""


def tags_of_cell(cell: str) -> tuple[str, ...]:
    """The tags of one cell of a file, separated by `,` `;` `、` `|` or their full-width forms.

    Raises InvalidValueError as `normalise_tag`, and `too-many`.
    """
    for separator in ";、|，；｜":
        cell = cell.replace(separator, ",")
    return _unique([normalise_tag(part) for part in cell.split(",") if part.strip()])


async def tags_of(member_id: UUID) -> set[str]:
    rows = await connection().fetch(_TAGS, current().tenant_id, member_id)
    return {row["tag"] for row in rows}


async def write_tags(member_id: UUID, tags: Iterable[str]) -> None:
    """The member has exactly these tags afterwards. The caller holds its lock."""
    wanted = sorted(set(tags))
    await connection().execute(_DELETE, current().tenant_id, member_id, wanted)
    await connection().execute(_INSERT, current().tenant_id, member_id, wanted)

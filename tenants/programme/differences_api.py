"""What differs between two versions of the rules, over HTTP."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from litestar import Request, get
from litestar.params import FromPath
from pydantic import Field, Json

from saas.errors import DomainError
from saas.problem_details import language_of
from saas.validation import Code, Query, parse_query
from tenants.programme.compared import draft_differences, version_differences
from tenants.programme.differences import Difference
from tenants.programme.publish import checked, read_draft
from tenants.programme.versions import current_version

_LAST: Final = 2**31


class DiffQuery(Query):
    """`against`: the version to compare with; by default the one before, for the draft the one in force."""

    against: int | None = Field(default=None, ge=1, lt=_LAST)


class DraftDiffQuery(DiffQuery):
    """`holders`: what becomes of who holds a tier that the draft doesn't have, as a publish takes it, as JSON."""

    holders: Json[dict[Code, dict[Code, Code] | None]] | None = None


@get("/v1/programme/versions/{version:int}/diff", opt={"requires": "members:read"}, tags=["programme"])
async def version_diff(request: Request[Any, Any, Any], version: FromPath[int]) -> dict[str, Any]:
    """What a version changed, in plain words of Accept-Language: `data` of `{pointer, kind, text}`. `kind`: added,
    removed, changed, renamed, moved. 404 where there is no such version, nor one before the first.
    """
    query = parse_query(DiffQuery, request.query_params.multi_items())
    against = version - 1 if query.against is None else query.against
    if not (1 <= version < _LAST and against >= 1):
        raise DomainError("not-found")
    found = await version_differences(version, against, language_of(request.scope))
    return {"version": version, "against": against, "data": _data(found)}


@get("/v1/programme/versions/draft/diff", opt={"requires": "programme:write"}, tags=["programme"])
async def draft_diff(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What the draft would change, likewise: with how many hold a tier that goes, what becomes of them by `holders`,
    and what becomes of the segments and rules of tasks that name one. 404 `draft-missing` where there is none.
    """
    query = parse_query(DraftDiffQuery, request.query_params.multi_items())
    draft = checked(await read_draft())
    found = await draft_differences(draft, query.holders or {}, query.against, language_of(request.scope))
    against = await current_version() if query.against is None else query.against
    return {"version": "draft", "against": against, "data": _data(found)}


def _data(found: Sequence[Difference]) -> list[dict[str, str]]:
    return [asdict(difference) for difference in found]


HANDLERS = [version_diff, draft_diff]

"""What differs between two versions of the rules, over HTTP."""

from dataclasses import asdict
from typing import Any, Final

from litestar import Request, get
from litestar.params import FromPath
from pydantic import Field

from saas.errors import DomainError
from saas.problem_details import language_of
from saas.scope import connection, current
from saas.validation import Query, parse_query
from tenants.programme.differences import differences
from tenants.programme.differences.ladders import Successors
from tenants.programme.document import Programme
from tenants.programme.lineage import backwards
from tenants.programme.publish import checked, read_draft
from tenants.programme.strict import Names
from tenants.programme.versions import current_version, programme
from tenants.programme.wording.teller import Glossary

_LAST: Final = 2**31
_NAMED: Final = """
SELECT 'coupon' AS sort, code, names FROM coupon WHERE tenant_id = $1
UNION ALL SELECT 'price_list', code, names FROM price_list WHERE tenant_id = $1
UNION ALL SELECT 'branch', code, jsonb_build_object('zh-CN', name, 'en', name) FROM branch WHERE tenant_id = $1"""


class DiffQuery(Query):
    """`against`: the version to compare with; by default the one before, for the draft the one in force."""

    against: int | None = Field(default=None, ge=1, lt=_LAST)


@get("/v1/programme/versions/{version:int}/diff", opt={"requires": "members:read"}, tags=["programme"])
async def version_diff(request: Request[Any, Any, Any], version: FromPath[int]) -> dict[str, Any]:
    """What a version changed, in plain words of Accept-Language: `data` of `{pointer, kind, text}`. `kind`: added,
    removed, changed, renamed, moved. 404 where there is no such version, nor one before the first.
    """
    query = parse_query(DiffQuery, request.query_params.multi_items())
    against = version - 1 if query.against is None else query.against
    if not (1 <= version < _LAST and against >= 1):
        raise DomainError("not-found")
    new, old = await programme(version), await programme(against)
    successors = new.lineage if version >= against else _back(old, new)
    return {"version": version, "against": against, "data": await _told(request, old, new, successors)}


@get("/v1/programme/versions/draft/diff", opt={"requires": "programme:write"}, tags=["programme"])
async def draft_diff(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What the draft would change, likewise. 404 `draft-missing` where there is none."""
    query = parse_query(DiffQuery, request.query_params.multi_items())
    document, _ = await read_draft()
    against = await current_version() if query.against is None else query.against
    old = await programme(against)
    return {"version": "draft", "against": against, "data": await _told(request, old, checked(document), {})}


async def _told(
    request: Request[Any, Any, Any], old: Programme, new: Programme, successors: Successors
) -> list[dict[str, str]]:
    found = differences(old, new, language_of(request.scope), successors=successors, glossary=await _glossary())
    return [asdict(difference) for difference in found]


def _back(later: Programme, earlier: Programme) -> Successors:
    """Which tiers of an earlier version the later one's go back to."""
    return {ladder: codes for ladder, codes in backwards(later, earlier).items() if codes is not None}


async def _glossary() -> Glossary:
    """What the chain calls the things that its rules know by a code."""
    rows = await connection().fetch(_NAMED, current().tenant_id)
    return {(row["sort"], row["code"]): Names.model_validate(row["names"]) for row in rows}


HANDLERS = [version_diff, draft_diff]

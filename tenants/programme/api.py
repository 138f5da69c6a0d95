"""The programme over HTTP: read, draft, publish, versions."""

from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.errors import DomainError, FieldError, Language
from saas.paging import Page, decode_cursor, page
from saas.problem_details import language_of
from saas.scope import connection, current
from saas.validation import Body, ListQuery, LongText, parse_query
from saas.wording import as_data, field_message
from tenants.programme.document import Doubt
from tenants.programme.publish import publish, put_draft, read_draft
from tenants.programme.versions import current_programme, programme
from tenants.tiers.schedules import install_schedules

WRITE = {"requires": "programme:write"}
READ = {"requires": "members:read"}


class PublishBody(Body):
    """How holders pass to the new rules; this release: `next_purchase`."""

    transition: str = Field(default="next_purchase", max_length=40)
    note: LongText | None = None


@get("/v1/programme", opt=READ, tags=["programme"])
async def get_programme() -> dict[str, Any]:
    """The document in force."""
    return (await current_programme()).dump()


@get("/v1/programme/draft", opt=WRITE, tags=["programme"])
async def get_draft() -> Response[dict[str, Any]]:
    """The draft, with its revision as ETag. 404 `draft-missing` where there is none."""
    document, revision = await read_draft()
    return Response(document, headers={"ETag": f'"{revision}"'})


@put("/v1/programme/draft", opt=WRITE, tags=["programme"])
async def put_programme_draft(
    request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]
) -> Response[dict[str, Any]]:
    """Keeps a whole document as the draft. Every fault is named by its pointer; doubts come back as warnings."""
    document, revision, doubts = await put_draft(data, _if_match(request.headers.get("if-match")))
    return Response(
        {"draft": document, "warnings": [_doubt(doubt, language_of(request.scope)) for doubt in doubts]},
        headers={"ETag": f'"{revision}"'},
    )


@post("/v1/programme/draft/publish", status_code=200, opt=WRITE, tags=["programme"])
async def publish_draft(data: JSONBody[PublishBody]) -> dict[str, Any]:
    """Makes the draft the next version, in force at once."""
    rules = await publish(data.transition, data.note)
    timezone = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    await install_schedules(rules, ZoneInfo(timezone).key)
    return rules.dump()


@get("/v1/programme/versions", opt=READ, tags=["programme"])
async def list_versions(request: Request[Any, Any, Any]) -> Page:
    """The published versions, the newest first."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    before = decode_cursor(query.cursor, int)
    rows = await connection().fetch(
        "SELECT version, published_at, published_by, note FROM programme_version"
        " WHERE tenant_id = $1 AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        current().tenant_id,
        before[0] if before else None,
        query.limit + 1,
    )
    return page(rows, query.limit, dict, lambda row: (row["version"],))


@get("/v1/programme/versions/{version:int}", opt=READ, tags=["programme"])
async def get_version(version: FromPath[int]) -> dict[str, Any]:
    """One version's document; 404 where there is none."""
    if not 1 <= version < 2**31:
        raise DomainError("not-found")
    return (await programme(version)).dump()


def _if_match(header: str | None) -> int | None:
    """The revision that the caller saw. Raises DomainError `precondition-failed` for anything but our ETag."""
    if header is None:
        return None
    text = header.strip().removeprefix('"').removesuffix('"')
    if not text.isascii() or not text.isdigit():
        raise DomainError("precondition-failed")
    return int(text)


def _doubt(doubt: Doubt, language: Language) -> dict[str, Any]:
    error = FieldError(doubt.pointer, doubt.code, doubt.params)
    return {
        "pointer": error.pointer,
        "code": error.code,
        "message": field_message(error, language),
        "params": as_data(doubt.params),
    }


HANDLERS = [get_programme, get_draft, put_programme_draft, publish_draft, list_versions, get_version]

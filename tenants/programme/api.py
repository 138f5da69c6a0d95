"""The programme over HTTP: read, draft, publish at once or at a time, versions, roll-back."""

from typing import Any, Final

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.errors import DomainError
from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.problem_details import language_of
from saas.scope import connection, current
from saas.validation import AwareDatetime, Body, Code, ListQuery, LongText, parse_query
from saas.wording import as_data
from tenants.programme.document import Programme
from tenants.programme.doubts import Doubt
from tenants.programme.draft import drop_draft
from tenants.programme.pending import Pending, cancel_pending, pending
from tenants.programme.publish import publish, put_draft, read_draft, roll_back
from tenants.programme.published import Transition
from tenants.programme.versions import current_programme, programme
from tenants.programme.wording.doubts import doubt_text
from tenants.programme.wording.teller import Teller

WRITE = {"requires": "programme:write"}
READ = {"requires": "members:read"}
_DRAFT: Final = Tags("tenant", "tenant_id")  # whose row a publish waits for


class PublishBody(Body):
    """When members get the tier that the new rules give them (`transition`), and from when the rules are in force: at
    once, or `at` an instant to come. `holders`: by ladder, what becomes of those who hold a tier that the draft doesn't
    have, `{"card": {"silver": "gold"}}`; `{"club": null}` for a ladder that goes.
    """

    transition: Transition = "next_purchase"
    note: LongText | None = None
    at: AwareDatetime | None = None
    holders: dict[Code, dict[Code, Code] | None] | None = Field(default=None, max_length=20)


class RollbackBody(Body):
    note: LongText | None = None


@get("/v1/programme", opt=READ, tags=["programme"])
async def get_programme() -> dict[str, Any]:
    """The document in force; with `pending` where another one waits for its time."""
    document = (await current_programme()).dump()
    waits = await pending()
    return document if waits is None else {**document, "pending": _waiting(waits)}


@delete("/v1/programme/pending", status_code=204, opt=WRITE, tags=["programme"])
async def delete_pending() -> None:
    """Cancels the publish that waits for its time. 404 where none does."""
    await cancel_pending()


@get("/v1/programme/draft", opt={**WRITE, "tagged": True}, tags=["programme"])
async def get_draft(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The draft. 404 `draft-missing` where there is none."""
    return _DRAFT.answer(request, await read_draft())


@put("/v1/programme/draft", opt={**WRITE, "tagged": True}, takes=Programme, tags=["programme"])
async def put_programme_draft(
    request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]
) -> Response[dict[str, Any]]:
    """Keeps a whole document as the draft. Every fault is named by its pointer; doubts come back as warnings."""
    await _DRAFT.require(request, current().tenant_id, read_draft)
    document, doubts = await put_draft(data)
    teller = Teller(language_of(request.scope), document["currency"])
    return Response(
        {"draft": document, "warnings": [_doubt(doubt, teller) for doubt in doubts]},
        headers={"ETag": f'"{_DRAFT.of(document)}"'},
    )


@delete("/v1/programme/draft", status_code=204, opt={**WRITE, "tagged": True}, tags=["programme"])
async def delete_draft(request: Request[Any, Any, Any]) -> None:
    """Gives the draft up. 404 `draft-missing` where there is none."""
    await _DRAFT.require(request, current().tenant_id, read_draft)
    await drop_draft()


@post("/v1/programme/draft/publish", status_code=200, opt={**WRITE, "tagged": True}, tags=["programme"])
async def publish_draft(request: Request[Any, Any, Any], data: JSONBody[PublishBody]) -> Response[dict[str, Any]]:
    """Makes the draft the next version, in force at once: the document, as it is now. With `at` 202 and what waits.
    `If-Match`, with the draft's tag: only if it is still what was looked at.
    """
    await _DRAFT.require(request, current().tenant_id, read_draft)
    made = await publish(data.transition, data.note, data.holders, data.at)
    if isinstance(made, Pending):
        return Response({"pending": _waiting(made)}, status_code=202)
    return Response(made.dump())


@post("/v1/programme/versions/{version:int}/rollback", status_code=200, opt=WRITE, tags=["programme"])
async def rollback(version: FromPath[int], data: JSONBody[RollbackBody]) -> dict[str, Any]:
    """Puts an earlier version's rules in force again, as a new version. Members whose tier the publishes since then
    decided last get back what these replaced.
    """
    return (await roll_back(_known(version), data.note)).dump()


@get("/v1/programme/versions", opt=READ, tags=["programme"])
async def list_versions(request: Request[Any, Any, Any]) -> Page:
    """The published versions, the newest first, each with its `transition` and what it was `rolled_back_to`."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    before = decode_cursor(query.cursor, int)
    rows = await connection().fetch(
        "SELECT version, published_at, published_by, note, transition, coalesce(effective_at, published_at)"
        " AS effective_at, rolled_back_to FROM programme_version"
        " WHERE tenant_id = $1 AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        current().tenant_id,
        before[0] if before else None,
        query.limit + 1,
    )
    return page(rows, query.limit, dict, lambda row: (row["version"],))


@get("/v1/programme/versions/{version:int}", opt=READ, tags=["programme"])
async def get_version(version: FromPath[int]) -> dict[str, Any]:
    """One version's document; 404 where there is none."""
    return (await programme(_known(version))).dump()


def _known(version: int) -> int:
    if not 1 <= version < 2**31:
        raise DomainError("not-found")
    return version


def _waiting(waits: Pending) -> dict[str, Any]:
    """`version` comes when it is published. `failed`: the problem that kept it from that."""
    return {
        "at": waits.at,
        "transition": waits.transition,
        "version": None,
        "note": waits.note,
        "by": waits.created_by,
        "failed": waits.failed,
    }


def _doubt(doubt: Doubt, teller: Teller) -> dict[str, Any]:
    return {
        "pointer": doubt.pointer,
        "code": doubt.code,
        "message": doubt_text(doubt, teller),
        "params": as_data(doubt.params),
    }


HANDLERS = [
    get_programme,
    get_draft,
    put_programme_draft,
    delete_draft,
    publish_draft,
    delete_pending,
    list_versions,
    get_version,
    rollback,
]

"""`/settings/copy`: the chain's set-up as a file, and another chain's taken over after a look at what it changes."""

import codecs
import json
from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile

from saas.currency import add_currency
from saas.errors import DomainError, FieldError
from saas.forms import texts_of, told
from saas.pages import reader_of, render_page
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.sessions import close_files
from saas.validation import parse_body
from saas.wording import field_message
from tenants.configuration.applying import take_over
from tenants.configuration.document import Configuration
from tenants.configuration.item import Item
from tenants.configuration.reading import configuration
from tenants.configuration.wording import OUTCOMES, PARTS, changes_of, name_of, summary
from tenants.frame import frame

HOME: Final = "/settings/copy"
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file; all price lists of a chain fit."""
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """Both ways."""
    return await _page(request)


@get(f"{HOME}/configuration.json", opt=_PAGE, include_in_schema=False)
async def download(request: _Request) -> Response[bytes]:  # noqa: ARG001  # Litestar asks for one
    """The document, to be kept or taken elsewhere."""
    headers = {
        "Content-Disposition": 'attachment; filename="regulars-configuration.json"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    text = json.dumps(await configuration(), ensure_ascii=False, indent=1)
    return Response(text.encode(), media_type="application/json", headers=headers)


@post(
    HOME,
    opt={**_PAGE, "scoped": False, "takes_files": True},
    status_code=200,
    request_max_body_size=_LARGEST,
    include_in_schema=False,
)
async def look(request: _Request) -> _Answer:
    """What the file would change; nothing is changed yet. It is read before the scope is opened."""
    try:
        raw = await _file(request)
    finally:
        await close_files(request)
    async with _scope(request):
        return await _taken(request, raw, dry_run=True)


@post(f"{HOME}/take", opt=_PAGE, status_code=200, request_max_body_size=3 * _LARGEST, include_in_schema=False)
async def take(request: _Request) -> _Answer:
    """What was looked at is taken over. Sent twice it changes nothing more."""
    form = await texts_of(request)
    return await _taken(request, form.get("document", "").encode("utf-8", "replace"), dry_run=False)


async def _file(request: _Request) -> bytes | None:
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    return (await file.read()).removeprefix(codecs.BOM_UTF8)  # an editor on Windows puts it there


def _scope(request: _Request) -> Any:
    who: Principal = request.scope["state"]["principal"]
    return tenant_scope(cast("UUID", who.tenant_id), principal=who, request_id=request.scope["state"]["request_id"])


async def _taken(request: _Request, raw: bytes | None, *, dry_run: bool) -> _Answer:
    if not raw:
        return await _page(request, error=DomainError("validation-failed", errors=[FieldError("/file", "required")]))
    try:
        wanted = parse_body(Configuration, raw)
        items = await take_over(wanted, reader_of(request).language, dry_run=dry_run)
    except DomainError as error:
        return await _page(request, error=error)
    return await _page(request, items=items, document=raw.decode(), dry_run=dry_run)


async def _page(
    request: _Request,
    *,
    items: list[Item] | None = None,
    document: str = "",
    dry_run: bool = True,
    error: DomainError | None = None,
) -> _Answer:
    speaks = reader_of(request).tongue
    lines = []
    for item in items or ():
        why = None
        if item.error is not None:
            await add_currency([item.error])
            said = told(request, item.error)
            why = " ".join(said.fields.values()) or said.detail
        lines.append((item.part, name_of(item, speaks), item.outcome, changes_of(item, speaks), why))
    problem = told(request, error) if error else None
    context = {
        "frame": await frame(),
        "lines": [line for line in lines if line[2] != "same"],
        "looked": items is not None,
        "counts": summary(items or ()),
        "parts": PARTS,
        "outcomes": OUTCOMES,
        "document": document,
        "dry_run": dry_run,
        "problem": problem,
        "faults": _faults(request, error) if error else [],
    }
    return render_page(request, "configuration/copy.html", context, status=problem.status if problem else 200)


def _faults(request: _Request, error: DomainError) -> list[tuple[str, str]]:
    """Where in the document, and what, the first ones."""
    language = reader_of(request).language
    return [(one.pointer, field_message(one, language)) for one in error.errors[:20] if one.pointer != "/file"]


HANDLERS = [show, download, look, take]

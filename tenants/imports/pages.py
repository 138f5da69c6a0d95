"""`/imports`: a file is sent, its columns are named, it is checked, then imported. Works without JavaScript."""

from collections.abc import AsyncIterator
from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from saas.csv_text import csv_text
from saas.errors import DomainError, FieldError, Language
from saas.forms import told
from saas.i18n import n_, tongue
from saas.pages import reader_of, render_page, see_other
from saas.paging import decode_cursor, encode_cursor
from saas.principal import Principal
from saas.scope import current, tenant_scope
from saas.sessions import close_files
from saas.wording import field_message
from tenants.frame import frame
from tenants.imports.examples import EXAMPLES
from tenants.imports.fields import KIND_NAMES, fields_of, guess
from tenants.imports.layout import LayoutError
from tenants.imports.listing import imports, own_kinds
from tenants.imports.messages import message
from tenants.imports.options import FIELDS, ONE_OF, REQUIRED, Kind
from tenants.imports.sampling import Sample
from tenants.imports.start import NEEDS
from tenants.imports.uploads import Kept, begin, choose, keep, kept, sample_of
from tenants.programme.versions import current_programme

HOME: Final = "/imports"
ABOUT: Final[dict[Kind, str]] = {
    "members": n_("Who your members are: phone, name, card, birthday, tags, your own attributes"),
    "purchases": n_("What they bought, and refunds: for tiers by spend, reports and, if you like, points"),
    "activities": n_("Visits, classes, parcels, readings: whatever your programme counts"),
    "opening_balances": n_("Points, stored value and tiers that they bring along"),
}
SWITCHES: Final[dict[Kind, tuple[str, ...]]] = {
    "members": ("create_missing",),
    "purchases": ("create_missing", "accrue", "minor_units", "evaluate"),
    "activities": ("create_missing", "accrue", "evaluate"),
    "opening_balances": ("minor_units", "evaluate"),
}
_ON: Final = frozenset({"evaluate"})
_SHOWN: Final = 20
_PIECE: Final = 256 * 1024
_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a file by a page; a larger one goes to the API, which takes it as it streams in."""
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write"}
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """What was imported before, and the form for a file."""
    return await _home(request, {})


@post(
    HOME,
    opt={**_PAGE, "scoped": False, "takes_files": True},
    request_max_body_size=_LARGEST,
    include_in_schema=False,
)
async def send(request: _Request) -> _Answer:
    """Keeps the file and goes on to its columns."""
    principal: Principal = request.scope["state"]["principal"]
    tenant_id = cast("UUID", principal.tenant_id)
    form = await request.form()
    try:
        kind, file = _sent(form.get("kind"), form.get("file"))
        name, media_type = _printable(file.filename), _printable(file.content_type)
        upload_id = await keep(tenant_id, principal, kind, name, media_type, _pieces(file))
    except (DomainError, LayoutError) as error:
        async with tenant_scope(tenant_id, principal=principal):
            return await _home(request, {"kind": str(form.get("kind"))}, error)
    finally:
        await close_files(request)
    return see_other(f"{HOME}/files/{upload_id}")


def _sent(kind: object, file: object) -> tuple[Kind, UploadFile]:
    known = next((one for one in NEEDS if one == kind), None)
    named = file if isinstance(file, UploadFile) and file.filename else None
    if known is None or named is None:
        at = [name for name, value in (("/kind", known), ("/file", named)) if value is None]
        raise DomainError("validation-failed", errors=[FieldError(one, "required") for one in at])
    return known, named


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:200]


@get(f"{HOME}/example.csv", opt=_PAGE, include_in_schema=False)
async def example(request: _Request) -> Response[bytes]:
    """A file with the columns that are understood by themselves and a row to show how."""
    kind = request.query_params.get("kind")
    own = next((one for one in FIELDS if one == kind), None)
    if own is None:
        raise DomainError("not-found")
    speaks = reader_of(request).tongue
    rules = await current_programme()
    fields = fields_of(own, rules.attributes, speaks)
    row = [EXAMPLES[own].get(field, "") for field, _ in fields]
    text = csv_text([[label for _, label in fields], row])
    headers = {
        "Content-Disposition": f'attachment; filename="{kind}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text.encode(), media_type="text/csv", headers=headers)


@get(f"{HOME}/files/{{upload_id:uuid}}", opt=_PAGE, include_in_schema=False)
async def columns(request: _Request, upload_id: FromPath[UUID]) -> _Answer:
    """What the file's columns mean: a guess by their names, or what was said last."""
    upload = await kept(upload_id)
    try:
        known = await sample_of(upload)
    except (DomainError, LayoutError):
        return see_other(f"{HOME}?done=gone")
    return await _columns(request, upload, known, await _form_of(upload, known))


@post(f"{HOME}/files/{{upload_id:uuid}}", opt=_PAGE, include_in_schema=False)
async def say(request: _Request, upload_id: FromPath[UUID]) -> _Answer:
    """Checks the file with these columns, or imports it at once."""
    upload = await kept(upload_id)
    try:
        known = await sample_of(upload)
    except (DomainError, LayoutError):
        return see_other(f"{HOME}?done=gone")
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    chosen = {f"column-{n}": form.get(f"column-{n}", "") for n in range(len(known.columns))}
    mapping = {name: chosen[f"column-{n}"] for n, name in enumerate(known.columns) if chosen[f"column-{n}"]}
    switches = {name: bool(form.get(name)) for name in SWITCHES[upload.kind]}
    try:
        await choose(upload, {"mapping": mapping, **switches}, known)
        run_id = await begin(upload.id, check=form.get("do") != "import")
    except (DomainError, LayoutError) as error:
        return await _columns(request, upload, known, form, error)
    return see_other(f"{HOME}/{run_id}")


async def _home(request: _Request, form: dict[str, str], error: DomainError | LayoutError | None = None) -> _Answer:
    """Raises DomainError `not-permitted` for who may bring in nothing."""
    if not own_kinds():
        raise DomainError("not-permitted")
    (before,) = decode_cursor(request.query_params.get("cursor"), UUID) or (None,)
    rows = await imports(before, _SHOWN + 1)
    language = reader_of(request).language
    problem = told(request, error) if isinstance(error, DomainError) else None
    context = {
        "frame": await frame(),
        "runs": rows[:_SHOWN],
        "first": HOME if before else None,
        "following": f"{HOME}?cursor={encode_cursor(rows[_SHOWN - 1]['id'])}" if len(rows) > _SHOWN else None,
        "kinds": [(kind, KIND_NAMES[kind], ABOUT[kind]) for kind in own_kinds()],
        "kind_names": KIND_NAMES,
        "form": form,
        "problem": problem,
        "wrong": problem.fields if problem else _file_errors(error, language),
        "done": request.query_params.get("done"),
    }
    return render_page(request, "imports/imports.html", context, status=422 if error else 200)


def _file_errors(error: DomainError | LayoutError | None, language: Language) -> dict[str, str]:
    if not isinstance(error, LayoutError):
        return {}
    return {"file": message(error.errors[0].code, error.errors[0].params, language)}


async def _form_of(upload: Kept, known: Sample) -> dict[str, str]:
    """The form as it was filled in last, else as the columns' names suggest."""
    if upload.chosen is not None:
        mapping = upload.chosen.mapping or {}
        on = [name for name in SWITCHES[upload.kind] if getattr(upload.chosen, name)]
    else:
        rules = await current_programme()
        mapping = guess(upload.kind, known.columns, rules.attributes, [tongue("zh-CN"), tongue("en")])
        on = [name for name in SWITCHES[upload.kind] if name in _ON]
    return {f"column-{n}": mapping.get(name, "") for n, name in enumerate(known.columns)} | dict.fromkeys(on, "yes")


async def _columns(
    request: _Request,
    upload: Kept,
    known: Sample,
    form: dict[str, str],
    error: DomainError | LayoutError | None = None,
) -> _Answer:
    speaks, rules = reader_of(request).tongue, await current_programme()
    fields = fields_of(upload.kind, rules.attributes, speaks)
    names = dict(fields)
    context = {
        "frame": await frame(),
        "upload": upload,
        "kind_name": KIND_NAMES[upload.kind],
        "columns": [
            (f"column-{n}", name, [row[n] for row in known.rows if row[n]][:3]) for n, name in enumerate(known.columns)
        ],
        "encoding": known.encoding,
        "fields": fields,
        "required": [names[field] for field in REQUIRED[upload.kind]],
        "one_of": [names[field] for field in ONE_OF[upload.kind]],
        "switches": SWITCHES[upload.kind],
        "bound": current().principal.branch_ids is not None,
        "form": form,
        "problem": told(request, error) if isinstance(error, DomainError) else None,
        "wrong": _column_errors(request, error, known, names),
    }
    return render_page(request, "imports/columns.html", context, status=422 if error else 200)


def _column_errors(
    request: _Request, error: DomainError | LayoutError | None, known: Sample, names: dict[str, str]
) -> dict[str, str]:
    """By the form's field; "" for what is wrong with all of it."""
    if error is None:
        return {}
    places = {name: f"column-{n}" for n, name in enumerate(known.columns)}
    language = reader_of(request).language
    if isinstance(error, LayoutError):
        return {
            places.get(one.column, ""): " ".join(
                [names.get(one.column, ""), message(one.code, one.params, language)]
            ).strip()
            for one in reversed(error.errors)
        }
    found = {}
    for one in error.errors:
        column = one.pointer.lstrip("/").partition("/")[2].replace("~1", "/").replace("~0", "~")
        found[places.get(column, "")] = field_message(one, language)
    return found


HANDLERS = [show, send, example, columns, say]

"""The members' list at work: saving views, one act for many members, the list as a file."""

import json
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream
from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.validation import parse_body
from tenants.audit.record import record
from tenants.coupons.coupon import newest_coupons
from tenants.frame import frame
from tenants.jobs.job import read_job
from tenants.member_pages.bulk import KIND, BulkAct, Ticked, begin_bulk, cancel_bulk, count, query_of
from tenants.member_pages.exporting import members_csv
from tenants.member_pages.listing import HOME, address
from tenants.member_pages.telling import told
from tenants.member_pages.views import FILTERS, KEPT, remove_view, save_view
from tenants.members.listing import list_members

_READ: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}
_WRITE: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write"}
_COUPONS: Final = 200
_NAMED: Final = 6
_ONE: Final = f"{HOME}/bulk/{{job_id:uuid}}"
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@post(f"{HOME}/views", opt=_READ, include_in_schema=False)
async def save(request: _Request) -> _Answer:
    """The present filters under a name. A name that can't be kept leads back to the list, which says so."""
    form = await _texts(request)
    filters = {name: form[name] for name in KEPT if form.get(name)}
    try:
        await save_view(form.get("name", ""), filters, everybodys=bool(form.get("everybody")))
    except DomainError as error:
        if error.code != "validation-failed":
            raise
        return see_other(address(filters, view="unsaved"))
    return see_other(address(filters, view="saved"))


@post(f"{HOME}/views/{{view_id:uuid}}/remove", opt=_READ, include_in_schema=False)
async def remove(view_id: FromPath[UUID]) -> _Answer:
    """One's own; the chain's by who may."""
    await remove_view(view_id)
    return see_other(f"{HOME}?view=removed")


@get(f"{HOME}/export.csv", opt={**_READ, "requires": "reports:read", "scoped": False}, include_in_schema=False)
async def export(request: _Request) -> Stream:
    """Whom the filters find, as a file; who took it is in the audit log."""
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None:
        raise DomainError("not-found")
    filters = {name: value for name, value in request.query_params.items() if name in FILTERS and value}
    async with tenant_scope(principal.tenant_id, principal=principal, request_id=request.scope["state"]["request_id"]):
        await list_members(query_of(filters, 1))  # what is wrong with them is said before the file begins
        detail = {"filters": {name: value for name, value in filters.items() if name != "q"}}
        await record("member.export", None, {**detail, "phones": principal.may("admin")})
    return Stream(
        members_csv(principal.tenant_id, principal, filters, reader_of(request).tongue),
        media_type="text/csv",
        headers={
            "Content-Disposition": 'attachment; filename="members.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@get(f"{HOME}/bulk", opt=_WRITE, include_in_schema=False)
async def ask(request: _Request) -> _Answer:
    """What shall be done, and for how many: those that were ticked, or all that the filters find."""
    filters = {name: value for name, value in request.query_params.items() if name in FILTERS and value}
    ids = [] if request.query_params.get("all") else _ids(request.query_params)
    if ids:
        filters = {}
    return await _asked(request, filters, ids, {})


@post(f"{HOME}/bulk", opt=_WRITE, include_in_schema=False)
async def act(request: _Request) -> _Answer:
    """Starts it; the page's own id makes a second click the same act."""
    sent = await request.form()
    form = await _texts(request)
    filters = {name: form[f"by_{name}"] for name in FILTERS if form.get(f"by_{name}")}
    ids = [] if form.get("all") else _ids(sent)
    fields = {name: form[name].strip() for name in ("act", "tag", "coupon_id", "reason") if form.get(name, "").strip()}
    if fields.get("act") == "coupon":
        fields.pop("tag", None)
    else:
        fields.pop("coupon_id", None)
    job_id = _key(form.get("key", ""))
    try:
        await begin_bulk(job_id, parse_body(BulkAct, _json(fields)), filters, ids)
    except DomainError as error:
        return await _asked(request, filters, ids, form, error)
    return see_other(f"{HOME}/bulk/{job_id}")


@get(_ONE, opt=_WRITE, include_in_schema=False)
async def follow(request: _Request, job_id: FromPath[UUID]) -> _Answer:
    """How far it has come."""
    found = await read_job(job_id)
    if found["kind"] != KIND:
        raise DomainError("not-found")
    counts = {"looked_at": 0, "changed": 0, "total": 0, "ended": False, **found["counts"], **(found["result"] or {})}
    context = {"job": found, "going": found["state"] in {"queued", "running"}, "counts": counts}
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        return render_page(request, "member_pages/_bulk.html", context)
    return render_page(request, "member_pages/bulk_run.html", {"frame": await frame(), **context})


@post(f"{_ONE}/cancel", opt=_WRITE, include_in_schema=False)
async def cancel(job_id: FromPath[UUID]) -> _Answer:
    """What is done stays done."""
    if (await read_job(job_id))["kind"] != KIND:
        raise DomainError("not-found")
    await cancel_bulk(job_id)
    return see_other(f"{HOME}/bulk/{job_id}")


async def _asked(
    request: _Request, filters: dict[str, str], ids: list[UUID], form: dict[str, str], error: DomainError | None = None
) -> _Answer:
    reader = reader_of(request)
    number, complete = await count(filters, ids)
    problem = None if error is None else told(error, reader.language)
    rows = [] if ids else (await list_members(query_of(filters, _NAMED))).rows
    context = {
        "frame": await frame(),
        "filters": filters,
        "ids": ids,
        "number": number,
        "complete": complete,
        "names": [row["name"] or row["card_no"] or row["external_id"] for row in rows if row["name"]],
        "coupons": [
            (str(row["id"]), row["names"].get(reader.language) or next(iter(row["names"].values())))
            for row in await newest_coupons(None, _COUPONS, ended=False)
        ],
        "form": {"act": "tag", **form},
        "wrong": problem.fields if problem else {},
        "problem": problem,
        "key": form.get("key") or str(uuid7()),
        "back": address(filters),
    }
    return render_page(request, "member_pages/bulk.html", context, status=problem.status if problem else 200)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise DomainError("not-found") from None


def _ids(given: Any) -> list[UUID]:
    """Raises DomainError `not-found` where it has no ids, too many, or something else for one."""
    try:
        return parse_body(Ticked, _json({"ids": list(dict.fromkeys(map(str, given.getall("id", []))))})).ids
    except DomainError:
        raise DomainError("not-found") from None


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


async def _texts(request: _Request) -> dict[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


HANDLERS = [save, remove, export, ask, act, follow, cancel]

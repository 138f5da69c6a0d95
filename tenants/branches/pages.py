"""`/branches`: where the chain sells, opening one, renaming, closing. Works without JavaScript."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import mark, require_as_seen, texts_of, told
from saas.i18n import n_
from saas.pages import render_page, see_other
from saas.scope import connection, current
from saas.validation import parse_body
from tenants.branches.api import BranchChange, NewBranch
from tenants.branches.branch import branch, branches, change_branch, open_branch
from tenants.branches.room import left_of_plan
from tenants.frame import frame

HOME: Final = "/branches"
ONE: Final = f"{HOME}/{{branch_id:uuid}}"
KIND_NAMES: Final = {"own": n_("Own"), "franchise": n_("Franchise")}
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_MOST: Final = 2000
_NEW: Final = {"code": "", "name": "", "kind": "own"}
# Index entries of a branch's members, some 0.1 s for a million: a page that owners open now and then.
_MEMBERS: Final = (
    "SELECT m.branch_id, count(*) AS members FROM member AS m WHERE m.tenant_id = $1 AND m.branch_id IS NOT NULL"
    " GROUP BY m.branch_id"
)
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """Every branch, and the form of a new one."""
    return await _list(request, _NEW)


@post(HOME, opt=_PAGE, status_code=200, include_in_schema=False)
async def open_one(request: _Request) -> _Answer:
    """Sent twice, the second is told that the code is taken."""
    form = {**_NEW, **await texts_of(request)}
    try:
        body = parse_body(NewBranch, _json(form, "code", "name", "kind"))
        await open_branch(body.code, body.name, body.kind)
    except DomainError as error:
        return await _list(request, form, error)
    return see_other(f"{HOME}?done=opened")


@get(ONE, opt=_PAGE, include_in_schema=False)
async def show_one(request: _Request, branch_id: FromPath[UUID]) -> _Answer:
    """One of them, to be changed or closed."""
    return await _one(request, branch_id)


@post(ONE, opt=_PAGE, include_in_schema=False)
async def change(request: _Request, branch_id: FromPath[UUID]) -> _Answer:
    """Name and kind; `closed` yes or no closes it or opens it again."""
    form = await texts_of(request)
    try:
        if "closed" in form:
            await change_branch(branch_id, closed=form["closed"] == "yes")
            return see_other(f"{HOME}?done={'closed' if form['closed'] == 'yes' else 'reopened'}")
        require_as_seen(form, _typed_of(await branch(branch_id)))
        body = parse_body(BranchChange, _json(form, "name", "kind"))
        await change_branch(branch_id, name=body.name, kind=body.kind)
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _one(request, branch_id, form if "closed" not in form else None, error)
    return see_other(f"{HOME}?done=changed")


async def _list(request: _Request, form: dict[str, str], error: DomainError | None = None) -> _Answer:
    problem = told(request, error) if error is not None else None
    counted = await connection().fetch(_MEMBERS, current().tenant_id)
    context = {
        "frame": await frame(),
        "branches": await branches(None, _MOST),
        "members": {row["branch_id"]: row["members"] for row in counted},
        "kinds": KIND_NAMES,
        "left": await left_of_plan(),
        "form": form,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": request.query_params.get("done"),
    }
    return render_page(request, "branches/branches.html", context, status=problem.status if problem else 200)


async def _one(
    request: _Request, branch_id: UUID, form: dict[str, str] | None = None, error: DomainError | None = None
) -> _Answer:
    found = await branch(branch_id)
    problem = told(request, error) if error is not None else None
    context = {
        "frame": await frame(),
        "branch": found,
        "seen": mark(_typed_of(found)),
        "kinds": KIND_NAMES,
        "form": form or {"name": found["name"], "kind": found["kind"]},
        "problem": problem,
        "wrong": problem.fields if problem else {},
    }
    return render_page(request, "branches/branch.html", context, status=problem.status if problem else 200)


def _typed_of(found: Mapping[str, Any]) -> list[str]:
    """What of a branch is in its form."""
    return [found["name"], found["kind"]]


def _json(form: dict[str, str], *names: str) -> bytes:
    return json.dumps({name: form.get(name, "").strip() for name in names}).encode()


HANDLERS = [show, open_one, show_one, change]

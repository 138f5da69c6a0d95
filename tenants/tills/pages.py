"""`/staff/tills`: the chain's shared tills, for its owners."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.pages import render_page, see_other
from tenants.frame import frame
from tenants.tills.till import IDLE_LONGEST, change_till, minutes_of, revoke_till, tills

HOME: Final = "/staff/tills"
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_Request = Request[Any, Any, Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """Where they stand, when they were used, how soon they lock."""
    return await _page(request)


@post("/staff/tills/{till_id:uuid}", opt=_PAGE, include_in_schema=False)
async def change(request: _Request, till_id: FromPath[UUID]) -> Response[Any]:
    """How soon it locks."""
    minutes = (await texts_of(request)).get("idle_minutes", "")
    try:
        await change_till(till_id, minutes_of(minutes))
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _page(request, till_id, minutes, told(request, error))
    return see_other(f"{HOME}?done=changed")


@post("/staff/tills/{till_id:uuid}/revoke", opt=_PAGE, include_in_schema=False)
async def revoke(till_id: FromPath[UUID]) -> Response[Any]:
    """Whoever works there is out, and has to log in as on any device."""
    await revoke_till(till_id)
    return see_other(f"{HOME}?done=revoked")


async def _page(
    request: _Request, at: UUID | None = None, typed: str = "", problem: Told | None = None
) -> Response[str]:
    context = {
        "frame": await frame(),
        "tills": await tills(),
        "longest": IDLE_LONGEST,
        "at": at,
        "typed": typed,
        "problem": problem,
        "done": request.query_params.get("done"),
    }
    return render_page(request, "tills/tills.html", context, status=problem.status if problem else 200)


HANDLERS = [show, change, revoke]

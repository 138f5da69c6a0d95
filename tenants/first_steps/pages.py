"""The card of first steps on the overview: it can be put away, and two of its steps are done by going there."""

from typing import Any, Final

from litestar import Request, Response, get, post

from saas.forms import texts_of
from saas.pages import render_page, see_other
from tenants.first_steps.steps import STEPS, first_steps, mark

HOME: Final = "/overview"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_Request = Request[Any, Any, Any]


@post("/first-steps", opt=_OPT, include_in_schema=False)
async def act(request: _Request) -> Response[bytes]:
    """`step`: goes there, and it's done; `dismissed`: the card goes away."""
    code = (await texts_of(request)).get("step", "")
    await mark(code)
    return see_other(next((step.address for step in STEPS if step.code == code), HOME))


@get("/first-steps", opt=_OPT, include_in_schema=False)
async def card(request: _Request) -> Response[str]:
    """The card alone, for a page that follows the making of the sample chain."""
    return render_page(request, "first_steps/_card.html", {"first_steps": await first_steps(request)})


HANDLERS = [act, card]

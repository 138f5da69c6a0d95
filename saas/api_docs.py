"""`/docs`: the API reference, drawn by Swagger UI from `/openapi.json`. Everything is served from this machine."""

from typing import Any

from litestar import Request, Response, get

from saas.pages import render_page
from saas.sessions import session_of


@get("/docs", opt={"auth": "none", "scoped": False}, include_in_schema=False)
async def api_reference(request: Request[Any, Any, Any]) -> Response[str]:
    """The page; what can be tried on it needs a key, typed in there."""
    await session_of(request)  # for the account's language
    return render_page(request, "saas/docs.html")


HANDLERS = [api_reference]

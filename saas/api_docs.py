"""`/openapi.json`, and `/docs`: the API reference that Swagger UI draws from it, served from this machine."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, get
from litestar.serialization import encode_json

from saas.contract.document import document
from saas.pages import render_page
from saas.sessions import session_of

_putting_together: Final = asyncio.Lock()
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}


@get("/openapi.json", opt=_OPEN, include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The contract as OpenAPI 3.1, put together once a process: aside, since that takes seconds."""
    state = request.app.state
    async with _putting_together:
        if "openapi_json" not in state:
            state.openapi_json = encode_json(await asyncio.to_thread(document, request.app))
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
    return Response(state.openapi_json, media_type="application/json", headers=headers)


@get("/docs", opt=_OPEN, include_in_schema=False)
async def api_reference(request: Request[Any, Any, Any]) -> Response[str]:
    """The page; what can be tried on it needs a key, typed in there."""
    await session_of(request)  # for the account's language
    return render_page(request, "saas/docs.html")


HANDLERS = [openapi_document, api_reference]

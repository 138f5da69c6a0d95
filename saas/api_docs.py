"""`/openapi.json`, and `/docs`: the API reference that Swagger UI draws from it, served from this machine."""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.serialization import encode_json, get_serializer
from pydantic import BaseModel

from saas.pages import render_page
from saas.sessions import session_of

_PLAIN: Final = get_serializer({BaseModel: lambda model: model.model_dump(mode="json", by_alias=True)})
"""Models are some fields' defaults."""
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}


@get("/openapi.json", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The contract as OpenAPI 3.1, put together once a process."""
    state = request.app.state
    if "openapi_json" not in state:
        state.openapi_json = encode_json(request.app.openapi_schema.to_schema(), _PLAIN)
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
    return Response(state.openapi_json, media_type="application/json", headers=headers)


@get("/docs", opt=_OPEN, include_in_schema=False)
async def api_reference(request: Request[Any, Any, Any]) -> Response[str]:
    """The page; what can be tried on it needs a key, typed in there."""
    await session_of(request)  # for the account's language
    return render_page(request, "saas/docs.html")


HANDLERS = [openapi_document, api_reference]

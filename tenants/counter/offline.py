"""What a till needs when its line is gone: a shell without anybody's data, the worker that serves it, and a way to ask
whether the line is back.
"""

import json
from typing import Any, Final

from litestar import Response, get

from saas.assets import asset, asset_url
from saas.pages import reader_of, render_page
from saas.scope import current
from saas.sessions import Session
from tenants.counter.acting import READ, AnyRequest
from tenants.counter.home import HOME
from tenants.counter.place import place_of

_FILES: Final = ("app.css", "app.js", "htmx.min.js", "till.js", "icon.svg")
_WORKER: Final = "till-worker.js"


@get(f"{HOME}/here", opt={**READ, "background": True}, include_in_schema=False)
async def here(request: AnyRequest) -> Response[dict[str, Any]]:
    """That the line is up, who is logged in, and the token that an entry goes with."""
    place, session = await place_of(request), request.scope["state"].get("session")
    token = session.csrf_token if isinstance(session, Session) else ""
    said = {
        "owner": f"{current().tenant_id}:{current().principal.actor}",
        "branch": None if place.branch_id is None else str(place.branch_id),
        "token": token,
    }
    return Response(said, headers={"Cache-Control": "no-store"})


@get(f"{HOME}/offline", opt={"auth": "none", "scoped": False}, include_in_schema=False)
async def shell_alone(request: AnyRequest) -> Response[str]:
    """The page that a till shows while it is cut off: the same for everybody."""
    return render_page(request, "counter/offline.html", {})


@get(f"{HOME}/worker.js", opt={"auth": "none", "scoped": False}, include_in_schema=False)
async def worker(request: AnyRequest) -> Response[str]:
    """The service worker. It keeps the shell and the files that this needs, and nothing else ever."""
    files = [asset_url(name) for name in _FILES]
    shell = f"{HOME}/offline"
    head = f"const FILES = {json.dumps(files)};\nconst SHELL = {json.dumps(shell)};\n"
    mark = f"const VERSION = {json.dumps(reader_of(request).language + asset(_WORKER).digest)};\n"
    return Response(
        head + mark + asset(_WORKER).body.decode(),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": HOME, "X-Content-Type-Options": "nosniff"},
    )


HANDLERS = [here, shell_alone, worker]

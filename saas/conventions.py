"""What holds for every answer of the API: its id, the contract's version and what ends soon; and for every request:
the version that it asks for, and the state that it expects things in.
"""

from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from saas.errors import DomainError
from saas.etags import names_a_state
from saas.headers import guarded
from saas.problem_details import header_of, request_id_of, send_problem
from saas.sessions import SAFE_METHODS
from saas.versions import API_VERSION, VERSIONS, version_asked

_VERSION: Final = "version"
"""In a request's state."""
_CONDITIONS: Final = frozenset({b"if-match", b"if-none-match"})


async def stamp(message: Message, scope: Scope) -> None:
    """Puts request id, API version, what ends soon and what a browser has to be told (`saas.headers`) on an answer: the
    application's `before_send`, which also reaches the answers that are made outside of all middleware: unknown
    addresses, wrong methods, bodies beyond the limit.
    """
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    version = scope["state"].get(_VERSION, API_VERSION)
    handler = scope.get("route_handler")
    ending = (handler.opt.get("ending") if handler else None) or VERSIONS[version]
    message["headers"] = [
        *guarded(message["headers"]),
        (b"x-request-id", request_id_of(scope).encode()),
        (b"regulars-version", version.encode()),
        *(ending.headers if ending else ()),
    ]


class ConventionsMiddleware(ASGIMiddleware):
    """Refuses what no handler looks at: a version of the contract that there isn't, and a condition on the state of
    what has no tag (`tagged` in a handler's `opt`): it can't be as somebody saw it.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        try:
            scope["state"][_VERSION] = version_asked(header_of(scope, b"regulars-version"))
            if _CONDITIONS & {name.lower() for name, _ in scope["headers"]}:
                _refuse_untold(Request(scope, receive))
        except DomainError as error:
            await send_problem(scope, send, error.code, params=error.params)
            return
        await next_app(scope, receive, send)


def _refuse_untold(request: Request[Any, Any, Any]) -> None:
    tagged = request.scope["route_handler"].opt.get("tagged")
    if not tagged and request.method not in SAFE_METHODS and names_a_state(request):
        raise DomainError("precondition-failed")

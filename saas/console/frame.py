"""What every page of the console shows around its content, and the decorators that its handlers wear."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from saas.console.looking import plain
from saas.console.sessions import Entered, NotLoggedInError
from saas.i18n import n_
from saas.pages import render_page, see_other

LOGIN: Final = "/operator/login"
_OPT: Final[dict[str, Any]] = {"auth": "operator", "scoped": False}


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    icon: str
    label: str


PLACES: Final = (
    Place("/operator", "gauge", n_("Installation")),
    Place("/operator/chains", "store", n_("Chains")),
    Place("/operator/jobs", "inbox", n_("Jobs")),
    Place("/operator/webhooks", "webhook", n_("Webhooks")),
    Place("/operator/acts", "scroll-text", n_("Acts")),
)


def _to_log_in(_request: Request[Any, Any, Any], _error: NotLoggedInError) -> Response[bytes]:
    return see_other(LOGIN)


def page(path: str) -> get:
    """GET of the console; who isn't logged in is led to its log-in."""
    return get(path, opt=_OPT, include_in_schema=False, exception_handlers={NotLoggedInError: _to_log_in})


def act(path: str) -> post:
    """POST of a form of the console."""
    return post(path, opt=_OPT, include_in_schema=False, exception_handlers={NotLoggedInError: _to_log_in})


def shown(
    request: Request[Any, Any, Any],
    who: Entered,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> Response[str]:
    """A page in its frame."""
    around = {"who": who, "places": PLACES, "csrf": who.csrf_token, "zone": UTC, "plain": plain}
    return render_page(request, f"console/{template}", {**around, **context}, status=status)


Handlers = list[HTTPRouteHandler]

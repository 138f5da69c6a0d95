"""`/components`: all of `tenants/templates/components` on one page, for who builds pages. On a production installation
it is for owners only.
"""

from typing import Any

from litestar import Request, Response, get

from saas.errors import DomainError
from saas.pages import render_page
from saas.scope import current
from saas.settings import get_settings
from tenants.frame import frame


@get("/components", opt={"auth": "page"}, include_in_schema=False)
async def components(request: Request[Any, Any, Any]) -> Response[str]:
    """Every component in its states. Raises DomainError `not-found` where it isn't to be seen."""
    if get_settings().environment == "production" and not current().principal.may("admin"):
        raise DomainError("not-found")
    asked = request.query_params.get("ask") is not None
    return render_page(request, "components/components.html", {"frame": await frame(), "asked": asked})


HANDLERS = [components]

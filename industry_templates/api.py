"""The industry templates over HTTP: public, since one is chosen before there is a tenant."""

from typing import Any

from litestar import get
from litestar.params import FromPath

from industry_templates.loader import UnknownTemplateError, load_all
from industry_templates.loader import get as template
from saas.errors import DomainError

PUBLIC: dict[str, Any] = {"auth": "none", "scoped": False}


@get("/v1/templates", opt=PUBLIC, tags=["public"], sync_to_thread=False)
def list_templates() -> dict[str, Any]:
    """Every template with its programme."""
    return {"data": [x.model_dump(mode="json", by_alias=True) for x in load_all().values()], "next_cursor": None}


@get("/v1/templates/{code:str}", opt=PUBLIC, tags=["public"], sync_to_thread=False)
def get_template(code: FromPath[str]) -> dict[str, Any]:
    """One template; 404 for a code that doesn't exist."""
    try:
        return template(code).model_dump(mode="json", by_alias=True)
    except UnknownTemplateError:
        raise DomainError("not-found") from None


HANDLERS = [list_templates, get_template]

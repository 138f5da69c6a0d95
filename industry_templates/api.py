"""The industry templates over HTTP: public, since one is chosen before there is a tenant."""

from functools import cache
from typing import Any, Final

from litestar import Request, get
from litestar.params import FromPath

from industry_templates.limits import limit_warnings
from industry_templates.loader import UnknownTemplateError, load_all
from industry_templates.loader import get as template
from industry_templates.schema import Template, Variant
from saas.errors import DomainError, FieldError, Language
from saas.paging import Page, cut
from saas.problem_details import language_of
from saas.validation import ListQuery, parse_query
from saas.wording import as_data, field_message
from tenants.programme.document import Programme

PUBLIC: dict[str, Any] = {"auth": "none", "scoped": False}
_SHORT: Final = {"code", "names", "summary", "notes", "programme"}


@get("/v1/templates", opt=PUBLIC, tags=["public"], sync_to_thread=False)
def list_templates(request: Request[Any, Any, Any]) -> Page:
    """Every template with its programme, the variants to choose from, and what it warns about."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    language = language_of(request.scope)
    found = [_shown(code, language, complete=False) for code in load_all()]
    return cut(found, query.limit, query.cursor, lambda one: one["code"])


@get("/v1/templates/{code:str}", opt=PUBLIC, tags=["public"], sync_to_thread=False)
def get_template(request: Request[Any, Any, Any], code: FromPath[str]) -> dict[str, Any]:
    """One template with everything that comes with it: segments, coupons, campaigns, messages, till, tasks. 404 for a
    code that doesn't exist.
    """
    try:
        known = template(code).code
    except UnknownTemplateError:
        raise DomainError("not-found") from None
    return _shown(known, language_of(request.scope), complete=True)


@cache
def _shown(code: str, language: Language, *, complete: bool) -> dict[str, Any]:
    found = template(code)
    dumped = found.model_dump(mode="json", exclude={"variants"}, include=None if complete else _SHORT)
    variants = [_variant(found, variant, language) for variant in found.variants]
    return {**dumped, "variants": variants, "warnings": _warnings(found.programme, language)}


def _variant(found: Template, variant: Variant, language: Language) -> dict[str, Any]:
    programme = found.programme_of(variant)
    return {
        **variant.model_dump(mode="json", exclude={"ladders", "activity_kinds"}),
        "programme": programme.dump(),
        "warnings": _warnings(programme, language),
    }


def _warnings(programme: Programme, language: Language) -> list[dict[str, Any]]:
    """Pointers lead into `programme`."""
    errors = [FieldError(doubt.pointer, doubt.code, doubt.params) for doubt in limit_warnings(programme)]
    return [
        {
            "pointer": error.pointer,
            "code": error.code,
            "message": field_message(error, language),
            "params": as_data(error.params),
        }
        for error in errors
    ]


HANDLERS = [list_templates, get_template]

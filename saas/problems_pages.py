"""GET /problems and /problems/{code}: what a problem's `type` leads to, for people and for programs."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath

from saas.errors import DomainError, Language, Problem, Texts, catalogue
from saas.languages import negotiate_language

_HEADERS: Final = {"Vary": "Accept, Accept-Language", "Cache-Control": "public, max-age=3600"}
_FIELD_CODES_AT: Final = "validation-failed"


@get("/problems", opt={"auth": "none"})
async def problem_index(request: Request[Any, Any, Any]) -> Response[Any]:
    """All problem types."""
    language = _language(request)
    problems = catalogue().problems.values()
    if _wants_html(request):
        rows = "".join(
            f'<li><a href="/problems/{p.code}">{p.code}</a> ({p.status}) {escape(p.title[language])}</li>'
            for p in problems
        )
        return _page(language, "Problems", f"<ul>{rows}</ul>")
    return _data(language, {"data": [_described(p, language) for p in problems]})


@get("/problems/{code:str}", opt={"auth": "none"})
async def problem_page(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[Any]:
    """One problem type; braces stand for what an answer fills in. Raises DomainError `not-found`."""
    problem = catalogue().problems.get(code)
    if problem is None:
        raise DomainError("not-found")
    language = _language(request)
    fields = catalogue().fields if code == _FIELD_CODES_AT else {}
    if _wants_html(request):
        title = f"{problem.status} · {escape(problem.title[language])}"
        return _page(language, title, f"<p>{escape(problem.detail[language])}</p>{_table(fields, language)}")
    body = _described(problem, language)
    if fields:
        body["errors"] = {field: texts[language] for field, texts in fields.items()}
    return _data(language, body)


def _described(problem: Problem, language: Language) -> dict[str, Any]:
    return {
        "type": f"/problems/{problem.code}",
        "status": problem.status,
        "title": problem.title[language],
        "detail": problem.detail[language],
    }


def _table(fields: Mapping[str, Texts], language: Language) -> str:
    rows = "".join(f"<dt>{code}</dt><dd>{escape(texts[language])}</dd>" for code, texts in fields.items())
    return f"<dl>{rows}</dl>" if rows else ""


def _language(request: Request[Any, Any, Any]) -> Language:
    return negotiate_language(request.headers.get("accept-language"))


def _wants_html(request: Request[Any, Any, Any]) -> bool:
    best = request.accept.best_match(["application/json", "text/html"], "application/json")
    return best == "text/html"


def _data(language: Language, body: dict[str, Any]) -> Response[Any]:
    return Response(body, media_type=MediaType.JSON, headers={**_HEADERS, "Content-Language": language})


def _page(language: Language, title: str, content: str) -> Response[Any]:
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    return Response(html, media_type=MediaType.HTML, headers={**_HEADERS, "Content-Language": language})


HANDLERS = [problem_index, problem_page]

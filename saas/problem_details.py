"""Errors as RFC 9457 problem details, in the reader's language; the one place that maps them to HTTP.

`render` makes the bytes, `send_problem` sends them from ASGI middleware, `problem_response` is a Litestar
answer, `exception_handlers` is what `Litestar(exception_handlers=…)` takes. Nothing goes out but the
catalogue's texts and the errors' own parameters.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import pydantic
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.types import ExceptionHandlersMap, Scope, Send
from litestar.utils.scope.state import ScopeState
from pydantic_core import from_json
from redis.exceptions import ConnectionError as CacheConnectionError
from uuid_utils.compat import uuid7

from saas.errors import (
    DEFAULT_LANGUAGE,
    DomainError,
    FieldError,
    InvalidValueError,
    Language,
    catalogue,
    pointer,
)
from saas.languages import negotiate_language
from saas.pages import error_page, safe_next, see_other, wants_html
from saas.scope import RerunError
from saas.security_log import noted
from saas.validation import field_errors
from saas.wording import as_data, field_message, fill

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

RERUN: Final = "rerun"
"""Set in a request's state where another try, in a new transaction, can do what this one couldn't."""
MEDIA_TYPE: Final = "application/problem+json; charset=utf-8"

_FORBIDDEN: Final = 403
# HTTP statuses that Litestar raises by itself; any other below 500 is a bad request.
_CODE_OF_STATUS: Final = {
    401: "unauthenticated",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "precondition-failed",
    413: "payload-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    428: "precondition-required",
    429: "rate-limited",
    503: "unavailable",
}


def language_of(scope: Scope) -> Language:
    """The language of a request's problems."""
    return negotiate_language(header_of(scope, b"accept-language"))


def request_id_of(scope: Scope) -> str:
    """The request's id; where no middleware gave one, it gets one now."""
    state = scope["state"]
    if "request_id" not in state:
        state["request_id"] = str(uuid7())
    return str(state["request_id"])


def header_of(scope: Scope, name: bytes) -> str | None:
    """The first header of this name (lower case), where a `Request` would be made for nothing else."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), None)


def problem_body(
    code: str,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldError] = (),
    language: Language = DEFAULT_LANGUAGE,
    instance: str | None = None,
) -> dict[str, Any]:
    """The problem as JSON data: `type`, `title`, `status`, `detail`, `instance`, its type's extensions, `errors`.

    For the items of a batch, too.
    """
    problem = catalogue().problems[code]
    filled = {**problem.defaults, "count": len(errors), **(params or {})}
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": problem.title[language],
        "status": problem.status,
        "detail": fill(problem.detail[language], filled, language),
    }
    if instance is not None:
        body["instance"] = instance
    body.update(as_data({name: filled[name] for name in problem.extensions if name in filled}))
    if errors:
        body["errors"] = [
            {"pointer": error.pointer, "message": field_message(error, language), "code": error.code}
            for error in errors
        ]
    return body


def render(
    code: str,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldError] = (),
    language: Language = DEFAULT_LANGUAGE,
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, raw headers (lower case) and body of a problem. `headers` win over the code's own."""
    problem = catalogue().problems[code]
    data = problem_body(code, params, errors, language, instance)
    # "replace": a lone surrogate in a caller's key must not break the answer that complains about it.
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    out = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "content-language": language,
        "vary": "Accept-Language",
        "cache-control": "no-store",
    }
    if problem.status == 401:  # noqa: PLR2004  # RFC 9110, 11.6.1: a 401 names a scheme
        out["www-authenticate"] = "Bearer"
    if problem.retry_after is not None:
        out["retry-after"] = str(problem.retry_after)
    out.update({name.lower(): value for name, value in (headers or {}).items()})
    return problem.status, [(k.encode("latin-1"), v.encode("latin-1")) for k, v in out.items()], body


async def send_problem(
    scope: Scope,
    send: Send,
    code: str,
    *,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answers a request with a problem, from middleware."""
    status, raw, body = render(code, params, errors, language_of(scope), request_id_of(scope), headers)
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def problem_response(
    code: str,
    *,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    accept_language: str | None = None,
    instance: str | None = None,
) -> Response[bytes]:
    """A problem as a Litestar answer. `instance` is the request id."""
    language = negotiate_language(accept_language)
    status, raw, body = render(code, params, errors, language, instance, headers)
    sent = {k.decode("latin-1"): v.decode("latin-1") for k, v in raw if k != b"content-length"}
    return Response(body, status_code=status, headers=sent, media_type=MEDIA_TYPE)


def _answer(
    request: Request[Any, Any, Any],
    code: str,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    if wants_html(request.scope):
        return error_page(request.scope, code, params=params, headers=headers)
    return problem_response(
        code,
        params=params,
        errors=errors,
        headers=headers,
        accept_language=request.headers.get("accept-language"),
        instance=request_id_of(request.scope),
    )


def on_domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    if catalogue().problems[error.code].status == _FORBIDDEN:
        noted("not-permitted", request, code=error.code)
    return _answer(request, error.code, error.params, error.errors, error.headers)


def on_invalid_value(request: Request[Any, Any, Any], error: InvalidValueError) -> Response[Any]:
    return _answer(request, "validation-failed", errors=[error.field_error()])


def on_pydantic_error(request: Request[Any, Any, Any], error: pydantic.ValidationError) -> Response[Any]:
    """Bodies are parsed by `parse_body`, which raises a DomainError; what comes here was parsed elsewhere."""
    log.warning("validation error outside parse_body", model=error.title, errors=error.error_count())
    return _answer(request, "validation-failed", errors=field_errors(error))


# A browser that asks for the address of a form's answer was reloaded there, or comes back there from a log-in, a till's
# lock, a change of language: it goes on to the page that the form is on.
_ONLY_FORMS: Final = 405


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own refusals. Their English details stay here: the catalogue's text goes out."""
    if isinstance(error, ValidationException):
        return _answer(request, "validation-failed", errors=_litestar_errors(error))
    if isinstance(error.__cause__, SerializationException):
        return _malformed(request, error.__cause__)
    if error.status_code == _ONLY_FORMS and request.method == "GET" and wants_html(request.scope):
        return see_other(safe_next(request.scope["path"].rpartition("/")[0]) or "/")
    if error.status_code in _CODE_OF_STATUS:
        return _answer(request, _CODE_OF_STATUS[error.status_code], headers=error.headers)
    if error.status_code < 500:  # noqa: PLR2004  # the client's fault
        return _answer(request, "bad-request")
    return on_unexpected(request, error)


def _malformed(request: Request[Any, Any, Any], error: SerializationException) -> Response[Any]:
    """A body that isn't JSON; Litestar names the byte, people look for a line."""
    byte = re.search(r"byte ([0-9]+)", str(error.__cause__))
    body = ScopeState.from_scope(request.scope).body
    before = body[: int(byte[1]) if byte else 0] if isinstance(body, bytes) else b""
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return _answer(request, "malformed-json", {"line": line, "column": column})


def on_unreadable(request: Request[Any, Any, Any], error: RecursionError | UnicodeDecodeError) -> Response[Any]:
    """A body nested deeper than its reader goes, or whose text isn't UTF-8, is malformed; any other such error is a
    bug of ours.
    """
    body = ScopeState.from_scope(request.scope).body
    try:
        from_json(body if isinstance(body, bytes) else b"null")
    except ValueError as refusal:  # the same fault, and this one says where
        place = re.search(r"line ([0-9]+) column ([0-9]+)", str(refusal))
        line, column = place.groups() if place else ("1", "1")
        return _answer(request, "malformed-json", {"line": line, "column": column})
    return on_unexpected(request, error)


def _litestar_errors(error: ValidationException) -> list[FieldError]:
    """Litestar's list of `{key, message, source}` as field errors; a key is a dotted path, or the body's own name
    in our handlers, which says nothing to a caller.
    """
    extra = error.extra if isinstance(error.extra, list) else []
    keys = [str(entry["key"]) for entry in extra if isinstance(entry, dict) and entry.get("key")]
    places = ["" if key == "data" else pointer(*key.split(".")) for key in keys]
    return [FieldError(place, "invalid") for place in places or [""]]


# What passes by itself: somebody else's lock or a lost race. The client tries again.
_BUSY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
)
_UNAVAILABLE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)


def on_rerun(request: Request[Any, Any, Any], _error: RerunError) -> Response[Any]:
    """The scope's middleware drops this answer and runs the request again."""
    request.scope["state"][RERUN] = True
    return _answer(request, "busy")


def on_outage(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The database or the cache can't be reached, or is shutting down."""
    log.error("unavailable", error=type(error).__name__, exc_info=error)
    return _answer(request, "unavailable")


def on_database_error(request: Request[Any, Any, Any], error: asyncpg.PostgresError) -> Response[Any]:
    if isinstance(error, asyncpg.DeadlockDetectedError):
        request.scope["state"][RERUN] = True
    if isinstance(error, _BUSY):
        log.warning("busy", error=type(error).__name__, sqlstate=error.sqlstate)
        return _answer(request, "busy")
    if isinstance(error, _UNAVAILABLE):
        return on_outage(request, error)
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):  # U+0000 in a path; bodies are checked before
        return _answer(request, "bad-request")
    return on_unexpected(request, error)


def on_interface_error(request: Request[Any, Any, Any], error: asyncpg.InterfaceError) -> Response[Any]:
    """The client's own complaints: a connection or pool that is gone is an outage, a wrong call our bug."""
    gone = any(word in str(error) for word in ("closed", "closing"))
    return on_outage(request, error) if gone else on_unexpected(request, error)


def _outside_scope(error: Exception) -> bool:
    """Row security read a tenant setting that isn't there: never set (42704), or reset to '' (22P02)."""
    text = str(error)
    unset = isinstance(error, asyncpg.UndefinedObjectError) and "app.tenant_id" in text
    return unset or (isinstance(error, asyncpg.InvalidTextRepresentationError) and 'type uuid: ""' in text)


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Everything else: the traceback goes to the log, the request id to the caller."""
    event = "no tenant scope" if _outside_scope(error) else "unexpected error"
    # The route and not the address: what stands in an address may open something (a card, a reset, an invitation).
    log.error(event, method=request.method, route=request.scope.get("path_template", ""), exc_info=error)
    return _answer(request, "internal")


exception_handlers: Final[ExceptionHandlersMap] = {
    DomainError: on_domain_error,
    RerunError: on_rerun,
    InvalidValueError: on_invalid_value,
    pydantic.ValidationError: on_pydantic_error,
    HTTPException: on_http_exception,
    asyncpg.PostgresError: on_database_error,
    asyncpg.InterfaceError: on_interface_error,
    asyncpg.InternalClientError: on_outage,  # its name for a connection whose server has just said goodbye
    CacheConnectionError: on_outage,
    ConnectionError: on_outage,
    TimeoutError: on_outage,
    RecursionError: on_unreadable,
    UnicodeDecodeError: on_unreadable,
    Exception: on_unexpected,
}

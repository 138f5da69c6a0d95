"""The problems that an operation can answer with, by status: each names its types, and examples of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from saas.contract.headers import ALWAYS, header
from saas.errors import LANGUAGES, Problem, catalogue
from saas.problem_details import problem_body

MEDIA_TYPE: Final = "application/problem+json"
_REQUEST_ID: Final = "01a20000-0000-7000-8000-000000000001"
# What any request may meet, whatever its handler does.
_ALWAYS: Final = ("bad-request", "unknown-version", "internal", "unavailable", "busy")
_WRITING: Final = ("commit-failed", "conflict", "precondition-failed")
_KEYED: Final = ("idempotency-key-invalid", "idempotency-key-reused", "idempotency-in-progress")
_KEPT: Final = {"secret-shown-once", "member-closed"}  # in place of an answer with a secret, or about who was erased
_LOGGED_IN: Final = ("unauthenticated", "rate-limited", "forbidden", "not-permitted")
_IN_A_SANDBOX: Final = "clock-running"
_SESSION: Final = ("locked", "second-factor-required")
_BODY: Final = ("malformed-json", "validation-failed", "payload-too-large", "request-timeout", "unsupported-media-type")

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. Decide by `type` and by the `code` of `errors`; the texts follow Accept-Language.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The type's page."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uuid", "description": "The request's id."},
        "errors": {
            "type": "array",
            "description": "What was sent wrongly, all of it.",
            "items": {"$ref": "#/components/schemas/FieldError"},
        },
    },
}
FIELD_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["pointer", "message", "code"],
    "properties": {
        "pointer": {"type": "string", "description": "RFC 6901, into the body; of a query string `/name`."},
        "message": {"type": "string"},
        "code": {"type": "string"},
    },
}


def general(*, logged_in: bool, method: str, body: bool, query: bool, path: bool) -> set[str]:
    """What an operation of such a kind can answer, beside what its own code refuses."""
    found = set(_ALWAYS)
    found |= set(_LOGGED_IN) if logged_in else set()
    found |= {*_SESSION, *(("csrf-failed", _IN_A_SANDBOX) if method != "GET" else ())} if logged_in else set()
    found |= set(_WRITING) if method != "GET" else set()
    found |= set(_KEYED) if method == "POST" else set()
    found |= set(_BODY) if body else set()
    found |= {"validation-failed"} if query else set()
    return found | ({"not-found", "validation-failed"} if path else set())


def refusals(codes: Iterable[str], headers: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAPI's responses, by status; `headers` are what they may have, too. Raises KeyError for a code that the
    catalogue doesn't have.
    """
    known = catalogue().problems
    by_status: Mapping[int, list[Problem]] = defaultdict(list)
    for code in sorted(codes):
        by_status[known[code].status].append(known[code])
    return {str(status): _response(status, by_status[status], headers) for status in sorted(by_status)}


def _response(status: int, problems: list[Problem], headers: Mapping[str, Any]) -> dict[str, Any]:
    types = [f"/problems/{problem.code}" for problem in problems]
    told = "; ".join(f"`{problem.code}`: {problem.title['en']}" for problem in problems)
    response: dict[str, Any] = {
        "description": told,
        "headers": {**ALWAYS, **headers},
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Problem"},
                        {"properties": {"type": {"enum": types}, "status": {"const": status}}},
                    ]
                },
                "examples": {p.code: {"$ref": f"#/components/examples/{p.code}"} for p in problems},
            }
        },
    }
    if _KEPT & {problem.code for problem in problems}:
        response["headers"]["Idempotent-Replayed"] = header("IdempotentReplayed")
    if any(problem.retry_after for problem in problems):
        response["headers"]["Retry-After"] = header("RetryAfter")
    if status == 401:  # noqa: PLR2004
        response["headers"]["WWW-Authenticate"] = header("Scheme")
    return response


def examples(codes: Iterable[str]) -> dict[str, Any]:
    """Of each type an answer, in English; an ellipsis stands for what the case at hand fills in."""
    return {code: {"value": problem_body(code, language=LANGUAGES[1], instance=_REQUEST_ID)} for code in sorted(codes)}

"""A call as a request, and an answer as its value or its error: what both clients share."""

import json
import os
import platform
import weakref
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, TypeVar, cast

import httpx

from regulars_client.answers import Answer, Meta
from regulars_client.call import Call, plain, written
from regulars_client.errors import NotReachedError, ProblemError, UnexpectedAnswerError, by_status
from regulars_client.problems import BY_CODE
from regulars_client.types import API_VERSION

T = TypeVar("T")

_PROBLEM: Final = "/problems/"


def _version() -> str:
    try:
        return version("regulars-client")
    except PackageNotFoundError:  # run from its sources
        return "0"


def common_headers(key: str | None, language: str | None) -> dict[str, str]:
    """What every request says of itself."""
    headers = {
        "Accept": "application/json, application/problem+json, */*;q=0.5",
        "Regulars-Version": API_VERSION,
        "User-Agent": f"regulars-client/{_version()} python/{platform.python_version()}",
    }
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if language is not None:
        headers["Accept-Language"] = language
    return headers


def address(base_url: str | None) -> str:
    """The installation's address without a slash at its end; from REGULARS_URL where None is given."""
    given = base_url or os.environ.get("REGULARS_URL")
    if not given:
        raise ValueError("name the installation: base_url, or REGULARS_URL in the environment")
    return given.rstrip("/")


def close_with(owner: object, http: httpx.Client | httpx.AsyncClient) -> None:
    """A client that is forgotten ends its connections, where nobody has to wait for that."""
    if isinstance(http, httpx.Client):
        weakref.finalize(owner, http.close)


def key_of(key: str | None) -> str | None:
    return key or os.environ.get("REGULARS_KEY") or None


def request(call: Call[Any], idempotency_key: str | None) -> dict[str, Any]:
    """The arguments of httpx's `request`; a new one for every sending."""
    headers = {name: value for name, value in call.headers.items() if value is not None}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    asked: dict[str, Any] = {"method": call.method, "url": call.path, "headers": headers}
    if query := written(call.query):
        asked["params"] = query
    if call.file is not None:
        asked["data"] = {"options": _json(call.body)}
        asked["files"] = {"file": call.file}
    elif call.body is not None:
        headers["Content-Type"] = "application/json"
        asked["content"] = _json(call.body)
    return asked


def _json(body: object) -> str:
    return json.dumps(body, default=plain, ensure_ascii=False, allow_nan=False)


def value(call: Call[T], answer: httpx.Response, idempotency_key: str | None) -> T:
    """What the answer says. Raises ProblemError, and UnexpectedAnswerError for what isn't the API's."""
    if answer.is_success:
        return cast("T", _success(call, answer))
    raise refusal(answer, idempotency_key)


def refusal(answer: httpx.Response, idempotency_key: str | None = None) -> ProblemError | UnexpectedAnswerError:
    """What an answer that is no success means."""
    problem = _problem(answer)
    if problem is None and answer.status_code < httpx.codes.BAD_REQUEST:
        return _unexpected(answer, "a redirection, which is never followed")
    told = problem or {}
    code = str(told.get("type", "")).rpartition(_PROBLEM)[2]
    kind = BY_CODE.get(code) or by_status(answer.status_code)
    request_id = answer.headers.get("x-request-id")
    return kind(answer.status_code, told, request_id=request_id, idempotency_key=idempotency_key)


def _success(call: Call[Any], answer: httpx.Response) -> object:
    if call.raw:
        return answer.content
    if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
        return None
    try:
        told = answer.json()
    except ValueError:
        raise _unexpected(answer, "no JSON") from None
    return Answer(told, Meta(answer.status_code, answer.headers)) if isinstance(told, dict) else told


def _problem(answer: httpx.Response) -> Mapping[str, Any] | None:
    if "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _unexpected(answer: httpx.Response, what: str) -> UnexpectedAnswerError:
    said = f"{answer.request.method} {answer.request.url} answered {answer.status_code} with {what}"
    return UnexpectedAnswerError(said, status=answer.status_code, content=answer.content)


def lost(call: Call[Any], error: httpx.RequestError, idempotency_key: str | None) -> NotReachedError:
    said = f"{call.method} {call.path} got no answer: {type(error).__name__} {error}".rstrip()
    return NotReachedError(said, idempotency_key=idempotency_key)

"""The catalogue is whole, and every error leaves as a problem in the reader's language, and nothing else."""

import ast
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from string import Formatter
from typing import Any

import asyncpg
import httpx
import pydantic
import pytest
from litestar import Litestar, Request, get, post
from litestar.exceptions import (
    ImproperlyConfiguredException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.params import FromPath, FromQuery, JSONBody

from saas.errors import LANGUAGES, DomainError, FieldError, InvalidValueError, catalogue, pointer
from saas.languages import negotiate_language
from saas.problem_details import exception_handlers, problem_body, render
from saas.problems_pages import HANDLERS
from saas.validation import Body, parse_body

ROOT = Path(__file__).parents[2]
PROBLEM_CALLS = {"DomainError": 0, "problem_response": 0, "render": 0, "send_problem": 2}
FIELD_CALLS = {"InvalidValueError": 0, "FieldError": 1, "PydanticCustomError": 0, "Fault": 1}


@cache
def _nodes(folder: str) -> list[tuple[Path, ast.AST]]:
    """Everything in a folder's source, with its file."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return [(path, node) for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def _raised(calls: dict[str, int]) -> Iterator[tuple[str, str, ast.Call]]:
    """Each literal code at its place in those calls. What refuses a template while it is written is its author's."""
    for path, node in chain(_nodes("saas"), _nodes("tenants")):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        at = calls.get(name, 99)
        code = node.args[at] if len(node.args) > at else None
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield f"{path.relative_to(ROOT)}:{node.lineno}", code.value, node


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    known = catalogue()
    lost = [f"{at}: {code}" for at, code, _ in _raised(PROBLEM_CALLS) if code not in known.problems]
    lost += [f"{at}: {code}" for at, code, _ in _raised(FIELD_CALLS) if code not in known.fields]
    assert not lost


def test_the_catalogue_has_nothing_that_is_never_said() -> None:
    """Codes also come from tables (those of HTTP statuses, of pydantic's errors): any place that names one counts."""
    nodes = (node for folder in ("saas", "tenants", "industry_templates") for _, node in _nodes(folder))
    named = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    known = catalogue()
    assert {*known.problems, *known.fields, *known.words} <= named


def _given(params: ast.expr | None) -> set[str] | None:
    """The names in a literal dictionary; None where it's put together elsewhere."""
    if params is None:
        return set()
    if not isinstance(params, ast.Dict):
        return None
    names = {key.value for key in params.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return names if len(names) == len(params.keys) else None


def test_every_text_gets_its_parameters() -> None:
    known = catalogue()
    gaps = []
    for at, code, call in _raised({"DomainError": 0}):
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        given = _given(keywords.get("params"))
        problem = known.problems[code]
        if given is not None and _names(problem.detail["en"]) - given - problem.defaults.keys() - {"count"}:
            gaps.append(f"{at}: {code}")
    for at, code, call in _raised({"FieldError": 1}):
        given = _given(call.args[2] if len(call.args) > 2 else None)
        if given is not None and not call.keywords and _names(known.fields[code]["en"]) - given:
            gaps.append(f"{at}: {code}")
    for at, code, call in _raised({"InvalidValueError": 0}):
        if _names(known.fields[code]["en"]) - {keyword.arg for keyword in call.keywords}:
            gaps.append(f"{at}: {code}")
    assert not gaps


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_texts_ask_for_the_same_parameters_in_every_language() -> None:
    known = catalogue()
    texts = [(code, p.detail) for code, p in known.problems.items()]
    texts += [(code, p.title) for code, p in known.problems.items()] + list(known.fields.items())
    for code, by_language in texts:
        assert len({frozenset(_names(by_language[language])) for language in LANGUAGES}) == 1, code
        assert all(by_language[language].strip() for language in LANGUAGES), code


def test_statuses_are_errors_and_codes_are_plain() -> None:
    for code, problem in catalogue().problems.items():
        assert 400 <= problem.status < 600
        assert code == code.lower()
        assert code.replace("-", "").isalpha()


def test_a_code_outside_the_catalogue_is_refused_at_once() -> None:
    with pytest.raises(LookupError, match="no-such-code"):
        DomainError("no-such-code")
    with pytest.raises(LookupError, match="no-such-code"):
        FieldError("", "no-such-code")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("*", "zh-CN"),
        ("fr", "zh-CN"),
        ("en", "en"),
        ("EN-us", "en"),
        ("zh-Hant-TW", "zh-CN"),
        ("en-GB,zh;q=0.5", "en"),
        ("zh;q=.3, en;q=0.4", "en"),
        ("fr, en;q=0.1", "en"),
        ("en;q=0, zh", "zh-CN"),
        ("en;q=inf, zh;q=0.1", "zh-CN"),
        ("en;q=nan", "zh-CN"),
        ("en;q=x,;;=,,\x00", "zh-CN"),
        ("zh," * 10_000 + "en", "zh-CN"),
    ],
)
def test_language_follows_the_weights(header: str | None, language: str) -> None:
    assert negotiate_language(header) == language


def test_pointers_are_escaped() -> None:
    assert pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
    assert pointer() == ""


def test_a_caller_s_text_is_never_a_format() -> None:
    body = problem_body("forbidden", {"scope": "{count.__class__} {0}"}, language="en")
    assert "{count.__class__} {0}" in body["detail"]


def test_a_missing_parameter_leaves_a_gap_not_a_failure() -> None:
    assert "…" in problem_body("forbidden")["detail"]


def test_a_lone_surrogate_in_a_pointer_can_be_sent() -> None:
    _, _, body = render("validation-failed", errors=[FieldError("/\ud800", "unknown-field")])
    assert b'"/?"' in body


class Thing(Body):
    n: int


RAISED: dict[str, Exception] = {
    "domain": DomainError("forbidden", params={"scope": "admin"}, headers={"X-Why": "scope"}),
    "value": InvalidValueError("phone-invalid"),
    "busy": asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    "deadlock": asyncpg.DeadlockDetectedError("SELECT secret"),
    "statement-timeout": asyncpg.QueryCanceledError("canceling"),
    "unique": asyncpg.UniqueViolationError("Key (phone)=(+8613800138000) already exists"),
    "unscoped": asyncpg.UndefinedObjectError('unrecognized configuration parameter "app.tenant_id"'),
    "unscoped-later": asyncpg.InvalidTextRepresentationError('invalid input syntax for type uuid: ""'),
    "lost": asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    "closed": asyncpg.InterfaceError("pool is closed"),
    "said-goodbye": asyncpg.InternalClientError("got result for unknown protocol state 3"),
    "nul": asyncpg.CharacterNotInRepertoireError('invalid byte sequence for encoding "UTF8": 0x00'),
    "endless": RecursionError("maximum recursion depth exceeded"),
    "misused": asyncpg.InterfaceError("the server expects 2 arguments"),
    "refused": ConnectionRefusedError(111, "postgres://app:hunter2@db"),
    "slow": TimeoutError(),
    "bug": RuntimeError("SELECT * FROM member -- hunter2"),
    "configuration": ImproperlyConfiguredException("hunter2"),
    "login": NotAuthorizedException("hunter2"),
    "denied": PermissionDeniedException("hunter2"),
    "often": TooManyRequestsException("hunter2", headers={"Retry-After": "7"}),
}
EXPECTED = {
    "domain": (403, "forbidden"),
    "value": (422, "validation-failed"),
    "busy": (503, "busy"),
    "deadlock": (503, "busy"),
    "statement-timeout": (503, "busy"),
    "unique": (500, "internal"),
    "unscoped": (500, "internal"),
    "unscoped-later": (500, "internal"),
    "lost": (503, "unavailable"),
    "closed": (503, "unavailable"),
    "said-goodbye": (503, "unavailable"),
    "nul": (400, "bad-request"),
    "endless": (500, "internal"),
    "misused": (500, "internal"),
    "refused": (503, "unavailable"),
    "slow": (503, "unavailable"),
    "bug": (500, "internal"),
    "configuration": (500, "internal"),
    "login": (401, "unauthenticated"),
    "denied": (403, "not-permitted"),
    "often": (429, "rate-limited"),
}


@get("/raise/{what:str}")
async def raising(what: FromPath[str]) -> None:
    if what == "pydantic":
        pydantic.TypeAdapter(Thing).validate_python({"n": "x", "m": 1})
    raise RAISED[what]


@get("/typed/{n:int}")
async def typed(n: FromPath[int], limit: FromQuery[int] = 5) -> int:
    return n + limit


@post("/things")
async def create(request: Request[Any, Any, Any]) -> int:
    return parse_body(Thing, await request.body()).n


@post("/typed-things")
async def create_typed(data: JSONBody[dict[str, Any]]) -> int:
    return len(data)


ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(params=[False, True], ids=["plain", "debug"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [raising, typed, create, create_typed, *HANDLERS],
        exception_handlers=exception_handlers,
        debug=request.param,
        logging_config=None,
        openapi_config=None,
        request_max_body_size=6000,
    )
    # An ASGI scope without a state of its own, as servers send it.
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test.local") as opened:
        yield opened


def _is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
    assert "Accept-Language" in answer.headers["vary"]
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == status
    assert body["title"]
    assert body["instance"]
    assert set(body) <= {"type", "title", "status", "detail", "instance", "errors"}
    for secret in ("hunter2", "SELECT", "Traceback", "13800138000"):
        assert secret not in answer.text
    return body


@pytest.mark.parametrize("what", RAISED)
async def test_whatever_is_raised_leaves_as_a_problem(client: httpx.AsyncClient, what: str) -> None:
    answer = await client.get(f"/raise/{what}")
    _is_problem(answer, *EXPECTED[what])
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) > 0


async def test_headers_of_an_error_go_out(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/domain")).headers["x-why"] == "scope"
    assert (await client.get("/raise/often")).headers["retry-after"] == "7"
    assert (await client.get("/raise/login")).headers["www-authenticate"] == "Bearer"


async def test_no_scope_is_named_in_the_log(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for what in ("unscoped", "unscoped-later"):
        await client.get(f"/raise/{what}")
    out, err = capsys.readouterr()
    assert (out + err + caplog.text).count("no tenant scope") >= 2


async def test_language_of_an_answer(client: httpx.AsyncClient) -> None:
    english = await client.get("/nowhere", headers={"Accept-Language": "en-GB"})
    assert _is_problem(english, 404, "not-found")["title"] == "Not found"
    assert english.headers["content-language"] == "en"
    chinese = await client.get("/nowhere")
    assert _is_problem(chinese, 404, "not-found")["title"] == "未找到"
    assert chinese.headers["content-language"] == "zh-CN"


async def test_litestar_s_own_refusals(client: httpx.AsyncClient) -> None:
    _is_problem(await client.get("/typed/x"), 404, "not-found")
    assert "POST" in (await client.get("/things")).headers["allow"]
    _is_problem(await client.get("/things"), 405, "method-not-allowed")
    body = _is_problem(await client.get("/typed/1?limit=x"), 422, "validation-failed")
    assert [e["pointer"] for e in body["errors"]] == ["/limit"]
    _is_problem(await client.post("/things", content=b" " * 6001), 413, "payload-too-large")


async def test_a_body_s_errors(client: httpx.AsyncClient) -> None:
    body = _is_problem(await client.post("/things", content=b'{"m": 1}'), 422, "validation-failed")
    assert body["errors"] == [
        {"pointer": "/n", "message": "必填", "code": "required"},
        {"pointer": "/m", "message": "未知字段", "code": "unknown-field"},
    ]
    assert "2" in body["detail"]
    _is_problem(await client.post("/things", content=b"{"), 400, "malformed-json")
    _is_problem(await client.get("/raise/pydantic"), 422, "validation-failed")


async def test_json_nested_too_deep_is_malformed(client: httpx.AsyncClient) -> None:
    body = b'{"n":\n' + b"[" * 5000
    told = _is_problem(await client.post("/typed-things", content=body, headers=ENGLISH), 400, "malformed-json")
    assert "line 2" in told["detail"]


async def test_json_whose_text_is_no_utf_8_is_malformed(client: httpx.AsyncClient) -> None:
    body = b'{"n":\n"\xca"}'
    told = _is_problem(await client.post("/typed-things", content=body, headers=ENGLISH), 400, "malformed-json")
    assert "line 2" in told["detail"]


async def test_every_problem_type_can_be_read(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/problems")).json()["data"]
    assert {entry["type"] for entry in listed} == {f"/problems/{code}" for code in catalogue().problems}
    for entry in listed:
        assert (await client.get(entry["type"])).json()["status"] == entry["status"]
        page = await client.get(entry["type"], headers={"Accept": "text/html,*/*;q=0.1"})
        assert page.headers["content-type"].startswith("text/html")
    assert "required" in (await client.get("/problems/validation-failed")).json()["errors"]
    _is_problem(await client.get("/problems/<script>"), 404, "not-found")

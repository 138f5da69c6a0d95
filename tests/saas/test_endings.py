"""Versions of the contract, and what is told of an operation or a version that comes to its end."""

from datetime import date
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.datastructures import State

from saas import conventions, versions
from saas.contract.document import document
from saas.conventions import ConventionsMiddleware, stamp
from saas.errors import DomainError
from saas.middleware import RequestIdMiddleware
from saas.problem_details import exception_handlers
from saas.versions import API_VERSION, Ending

OLD = Ending(date(2026, 11, 1), date(2027, 5, 1), "/docs#old")
TOLD = {
    "deprecation": "@1793491200",
    "sunset": "Sat, 01 May 2027 00:00:00 GMT",
    "link": '</docs#old>; rel="deprecation sunset"; type="text/html"',
}
OPEN: dict[str, Any] = {"auth": "none"}


@get("/v1/old", opt={**OPEN, "ending": OLD}, summary="The old way")
async def old() -> dict[str, int]:
    return {"a": 1}


@get("/v1/old-refused", opt={**OPEN, "ending": OLD}, summary="The old way, refused")
async def old_refused() -> dict[str, int]:
    raise DomainError("not-found")


@get("/v1/new", opt=OPEN, summary="The new way")
async def new() -> dict[str, int]:
    return {"a": 1}


@pytest.fixture
def app() -> Litestar:
    return Litestar(
        [old, old_refused, new],
        middleware=[RequestIdMiddleware(), ConventionsMiddleware()],
        before_send=[stamp],
        exception_handlers=exception_handlers,
        openapi_config=None,
        state=State(),
    )


async def asked(app: Litestar, path: str, version: str | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Litestar's own names for ASGI's types
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        return await http.get(path, headers={} if version is None else {"Regulars-Version": version})


def ending_of(answer: httpx.Response) -> dict[str, str]:
    return {name: answer.headers[name] for name in TOLD if name in answer.headers}


async def test_an_operation_that_ends_says_so_on_every_answer(app: Litestar, environ: dict[str, str]) -> None:
    good, refused, other = [await asked(app, path) for path in ("/v1/old", "/v1/old-refused", "/v1/new")]
    assert (good.status_code, ending_of(good)) == (200, TOLD)
    assert (refused.status_code, ending_of(refused)) == (404, TOLD)
    assert (other.status_code, ending_of(other)) == (200, {})


async def test_a_version_that_ends_says_so_to_who_asks_for_it(
    app: Litestar, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (versions, conventions):
        monkeypatch.setattr(module, "VERSIONS", {"2025-01-01": OLD, API_VERSION: None})
    before = await asked(app, "/v1/new", "2025-01-01")
    assert (before.headers["regulars-version"], ending_of(before)) == ("2025-01-01", TOLD)
    for named in (None, API_VERSION, f" {API_VERSION} "):
        now = await asked(app, "/v1/new", named)
        assert (now.status_code, now.headers["regulars-version"], ending_of(now)) == (200, API_VERSION, {})
    refused = await asked(app, "/v1/new", "2024-01-01")
    assert (refused.status_code, refused.json()["versions"]) == (400, f"2025-01-01, {API_VERSION}")


def test_the_contract_tells_what_ends(app: Litestar) -> None:
    told = document(app)
    one, other = told["paths"]["/v1/old"]["get"], told["paths"]["/v1/new"]["get"]
    assert one["deprecated"] is True
    assert one["description"].startswith("Deprecated since 2026-11-01, gone on 2027-05-01: see /docs#old.")
    assert one["responses"]["200"]["headers"].keys() >= {"Deprecation", "Sunset", "Link"}
    assert "deprecated" not in other
    assert not other["responses"]["200"]["headers"].keys() & {"Deprecation", "Sunset", "Link"}

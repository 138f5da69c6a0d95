"""What every answer says to a browser, whoever made it: a handler, a middleware, the framework."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain

from saas.settings import get_settings

A_YEAR = 31536000
ELSEWHERE = {"/openapi.json"}  # takes seconds to make, and goes out as any other answer


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PUBLIC_URL", "https://testserver")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}


def faults(answer: httpx.Response) -> list[str]:
    """What an answer over https lacks."""
    headers, kind = answer.headers, answer.headers.get("content-type", "")
    policy = directives(headers.get("content-security-policy", ""))
    page = kind.startswith("text/html")
    wanted = {
        "nosniff": headers.get("x-content-type-options") == "nosniff",
        "referrer": headers.get("referrer-policy") in {"same-origin", "no-referrer"},
        "not embedded elsewhere": headers.get("cross-origin-resource-policy") == "same-origin",
        "default-src": policy.get("default-src") == "'none'",
        "base-uri": policy.get("base-uri") == "'none'",
        "frame-ancestors": policy.get("frame-ancestors") == "'none'",
        "scripts": policy.get("script-src", "'none'") in {"'none'", "'self'"},
        "form-action": policy.get("form-action") in {"'none'", "'self'"},
        "HSTS": headers.get("strict-transport-security") == f"max-age={A_YEAR}; includeSubDomains",
        "cache-control": bool(headers.get("cache-control")),
        "opener": not page or headers.get("cross-origin-opener-policy") == "same-origin",
        "permissions": not page or "camera=()" in headers.get("permissions-policy", ""),
        "said what it is": not answer.content or bool(kind),
        "charset": not kind.startswith("text/") or "charset=utf-8" in kind.lower() or "event-stream" in kind,
        "says no version": "server" not in headers and "x-powered-by" not in headers,
        "each once": len(headers.get_list("content-security-policy")) == 1,
    }
    return [name for name, held in wanted.items() if not held]


def plain_gets(app: Any) -> list[str]:
    """Every address without a parameter that answers a GET; streams last as long as they like."""
    found = {r.path for r in app.routes if "{" not in r.path and "GET" in getattr(r, "methods", ())}
    return sorted(found - ELSEWHERE)


@asynccontextmanager
async def owner_by_https(app: Any, chain: Chain) -> AsyncIterator[httpx.AsyncClient]:
    async with new_browser(app) as browser:
        browser.base_url = httpx.URL("https://testserver")
        assert (await log_in(browser, chain.email, chain.password)).status_code == 303
        yield browser


async def test_every_answer_of_every_address_is_guarded(app: Any, chain: Chain, https: None) -> None:
    unguarded: dict[tuple[str, int], list[str]] = {}
    async with owner_by_https(app, chain) as browser:
        for path in plain_gets(app):
            answer = await (chain.http if path.startswith("/v1/") else browser).get(path)
            if lacking := faults(answer):
                unguarded[path, answer.status_code] = lacking
    assert unguarded == {}


async def test_refusals_redirects_files_and_streams_are_guarded(app: Any, chain: Chain, https: None) -> None:
    async with owner_by_https(app, chain) as browser, new_browser(app) as nobody:
        page = await browser.get("/overview")
        script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
        assert script
        answers = {
            "unknown address": await nobody.get("/v1/nothing-here"),
            "unknown page": await nobody.get("/nothing-here"),
            "wrong method": await chain.http.delete("/v1/members"),
            "a method of no use": await nobody.request("TRACE", "/v1/members"),
            "no key": await nobody.get("/v1/members", headers={"Accept": "application/json"}),
            "not JSON": await chain.http.post("/v1/members", content="{", headers={"Content-Type": "application/json"}),
            "too large": await chain.http.post("/v1/members", content=b" " * 11_000_000),
            "to the log-in": await nobody.get("/members"),
            "without a token": await browser.post("/logout"),
            "a script": await browser.get(script[1]),
            "a file that isn't there": await browser.get("/assets/0000000000000000/app.js"),
            "made": await chain.http.post("/v1/members", json={"name": "王小芳"}),
            "CSV": await chain.http.get("/v1/shifts.csv"),
            "out": await browser.post("/logout", data={"_csrf": csrf_of(page.text)}),
        }
    assert {name: faults(answer) for name, answer in answers.items() if faults(answer)} == {}
    assert answers["unknown address"].status_code == 404
    assert answers["wrong method"].status_code == answers["a method of no use"].status_code == 405
    assert answers["too large"].status_code == 413
    assert answers["a script"].headers["cache-control"].endswith("immutable")
    for name in ("no key", "made", "CSV", "to the log-in", "unknown address"):
        assert answers[name].headers["cache-control"] == "no-store", name


async def test_without_https_nothing_promises_it(client: httpx.AsyncClient) -> None:
    assert "strict-transport-security" not in (await client.get("/healthz")).headers


async def test_a_preflight_of_another_site_is_told_nothing(client: httpx.AsyncClient, chain: Chain) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = await client.options("/v1/members", headers=asking)
    read = await chain.http.get("/v1/members", headers=asking)
    assert not [name for answer in (preflight, read) for name in answer.headers if name.startswith("access-control")]

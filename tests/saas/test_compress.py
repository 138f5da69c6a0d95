"""Smaller answers, and nothing to be learnt from their length."""

import gzip
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, logged_in

from saas.compress import SMALLEST, zipped
from saas.sessions import mask, unmask

GZIP = {"Accept-Encoding": "gzip"}


def raw_length(answer: httpx.Response) -> int:
    return int(answer.headers["content-length"])


async def test_a_page_comes_zipped_to_who_takes_it(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        small = await browser.get("/staff", headers=GZIP)
        plain = await browser.get("/staff", headers={"Accept-Encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["vary"]
    assert "Cookie" in small.headers["vary"]
    assert "content-encoding" not in plain.headers
    assert raw_length(small) < raw_length(plain) / 2
    assert len(small.content) == raw_length(plain)
    assert "</html>" in small.text


@pytest.mark.parametrize(
    ("accepts", "zips"),
    [
        ("gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
        ("*", False),
    ],
)
async def test_as_the_client_says(client: httpx.AsyncClient, accepts: str, zips: bool) -> None:
    answer = await client.get("/login", headers={"Accept-Encoding": accepts, "Accept": "text/html"})
    assert answer.status_code == 200
    assert ("content-encoding" in answer.headers) is zips


async def test_what_stays_as_it_is(app: Any, chain: Any) -> None:
    contract = await chain.http.get("/openapi.json", headers=GZIP)
    assert contract.headers["content-encoding"] == "gzip"
    branches = [{"code": f"c{n}", "name": "店" * 100} for n in range(2)]
    for body in branches:
        assert (await chain.http.post("/v1/branches", json=body)).status_code == 201
    by_key = await chain.http.get("/v1/branches", headers=GZIP)
    async with logged_in(app, chain) as browser:
        by_cookie = await browser.get("/v1/branches", headers=GZIP)
        short = await browser.get("/v1/tenant", headers=GZIP)
        sent_on = await browser.get("/login", headers=GZIP)
    assert len(by_cookie.content) == len(by_key.content) >= SMALLEST
    assert by_key.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in by_cookie.headers, "what a session reads by script isn't zipped"
    assert "content-encoding" not in short.headers
    assert (sent_on.status_code, "content-encoding" in sent_on.headers) == (303, False)
    made = await chain.http.post("/v1/members", json={"name": "x"})
    tagged = await chain.http.get(f"/v1/members/{made.json()['id']}", headers=GZIP)
    assert ("etag" in tagged.headers, "content-encoding" in tagged.headers) == (True, False)


async def test_the_pages_token_is_another_text_each_time_and_good_each_time(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        pages = [(await browser.get("/staff")).text for _ in range(3)]
        tokens = [csrf_of(page) for page in pages]
        assert len(set(tokens)) == 3
        assert len({unmask(token) for token in tokens}) == 1
        assert pages[0].count(tokens[0]) > 1, "one page has one mask"
        for n, token in enumerate(tokens):
            made = await browser.post(
                "/v1/branches", json={"code": f"b{n}", "name": "x"}, headers={"X-CSRF-Token": token}
            )
            assert made.status_code == 201
        for wrong in (mask("x" * 43), tokens[0][:-4], unmask(tokens[0]).decode(), "é" * 10, "=", ""):
            refused = await browser.post("/staff", data={"_csrf": wrong, "name": "x"})
            assert refused.status_code == 403, wrong


def test_lengths_are_blurred() -> None:
    body = b"<p>" + b"x" * 2000
    made = [zipped(body) for _ in range(40)]
    assert {gzip.decompress(one) for one in made} == {body}
    assert len({len(one) for one in made}) > 5

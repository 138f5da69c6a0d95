"""A request without a body counts as `{}`; nothing tells a caller about our parameter called `data`."""

from typing import Any

import pytest
from support.chains import Chain


async def send(chain: Chain, method: str, path: str, content: bytes = b"", **headers: str) -> Any:
    return await chain.http.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
async def test_where_every_field_is_optional_nothing_need_be_sent(chain: Chain, headers: dict[str, str]) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    published = await send(chain, "POST", "/v1/programme/draft/publish", **headers)
    assert (published.status_code, published.json().get("version")) == (200, 2)
    ran = await send(chain, "POST", "/v1/programme/recalculate", **headers)
    assert ran.status_code == 202, ran.text


@pytest.mark.parametrize(
    ("method", "path", "pointers"),
    [
        ("POST", "/v1/branches", {"/code", "/name"}),
        ("POST", "/v1/api-keys", {"/name", "/scopes"}),
        ("PUT", "/v1/programme/draft", {"/currency", "/ladders"}),
    ],
)
async def test_where_fields_are_required_each_is_named(
    chain: Chain, method: str, path: str, pointers: set[str]
) -> None:
    for content in (b"", b"{}"):
        answer = await send(chain, method, path, content)
        assert answer.status_code == 422, answer.text
        assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {(p, "required") for p in pointers}


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"1"])
async def test_a_body_of_another_shape_is_at_fault_as_a_whole(chain: Chain, content: bytes) -> None:
    for method, path in (("PUT", "/v1/programme/draft"), ("POST", "/v1/programme/recalculate")):
        answer = await send(chain, method, path, content)
        assert answer.status_code == 422, answer.text
        assert [e["pointer"] for e in answer.json()["errors"]] == [""]


async def test_the_empty_body_of_a_repeated_request_is_the_same_body(chain: Chain) -> None:
    first = await send(chain, "POST", "/v1/programme/recalculate", **{"Idempotency-Key": "a"})
    again = await send(chain, "POST", "/v1/programme/recalculate", **{"Idempotency-Key": "a"})
    assert (first.status_code, again.json()) == (202, first.json())

"""What holds for every operation, held by a call of each: of a furnished chain, enumerated from the contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from litestar import Litestar
from support.furnish import furnish

from contract.every_call import Story
from saas.contract.document import document
from saas.contract.operations import Call, calls
from saas.limits import middleware
from saas.limits.rates import Rates
from saas.settings import get_settings
from saas.versions import API_VERSION

NO_BODY: Final = {"POST /v1/imports"}
"""It takes a file."""
READ_ONLY: Final = {"id", "state", "source", "created_at", "started_at", "stopped_at", "changed_at"}
UNIONS: Final = {"POST /v1/campaigns", "PUT /v1/campaigns/{campaign_id}"}
"""Of several kinds of body: without one that says which it is nothing else is looked at."""


@dataclass
class Kept:
    """A chain to ask, the operations with their addresses in it, and the contract."""

    http: httpx.AsyncClient
    calls: list[tuple[Call, str]]
    contract: dict[str, Any]

    def told(self, call: Call) -> dict[str, Any]:
        told: dict[str, Any] = self.contract["paths"][call.path][call.method.lower()]
        return told

    def parameters(self, call: Call) -> dict[str, dict[str, Any]]:
        shared = self.contract["components"]["parameters"]
        found = (
            shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in self.told(call)["parameters"]
        )
        return {one["name"]: one for one in found}

    def body(self, call: Call, seen: dict[str, Any]) -> dict[str, Any]:
        """What was read as the body of a PUT; of a price list the example, since it shows more of each price."""
        if call.path.startswith("/v1/price-lists/"):
            example: dict[str, Any] = self.told(call)["requestBody"]["content"]["application/json"]["example"]
            return example
        return {name: value for name, value in seen.items() if name not in READ_ONLY}

    def lists(self) -> Iterator[tuple[Call, str]]:
        for call, path in self.calls:
            answer = self.told(call)["responses"].get("200", {}).get("content", {}).get("application/json", {})
            is_list = call.method == "GET" and "next_cursor" in answer.get("example", {})
            if is_list and not call.path.startswith("/v1/sandbox/"):  # a sandbox has it, and goes by the same code
                yield call, path


@pytest.fixture(scope="module")
async def kept(app: Litestar, new_chain: Any, drain: Any) -> Kept:
    furnished = await furnish(await new_chain(), drain, "4713")
    story = Story(app, furnished, drain)
    addresses = [(call, await story.address(call)) for call in calls(app)]
    return Kept(furnished.chain.http, addresses, document(app))


@pytest.fixture
def counted(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are counted, and there are plenty."""
    limited = get_settings().model_copy(update={"rate_limits": True})

    async def plenty(_self: Rates, _tenant: object) -> int:
        return 100_000

    monkeypatch.setattr(middleware, "get_settings", lambda: limited)
    monkeypatch.setattr(Rates, "of", plenty)


def problem(answer: httpx.Response) -> str:
    """Its type, where it is one as every problem is."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    told = answer.json()
    assert told.keys() >= {"type", "title", "status", "detail", "instance"}
    assert (told["status"], told["instance"]) == (answer.status_code, answer.headers["x-request-id"])
    assert answer.headers["regulars-version"] == API_VERSION
    return str(told["type"].removeprefix("/problems/"))


async def test_every_operation_tells_version_id_and_what_is_left_and_speaks_both_languages(
    kept: Kept, counted: None
) -> None:
    for call, path in kept.calls:
        titles = set()
        for language in ("zh-CN", "en"):
            asked = {"Regulars-Version": "2020-01-01", "Accept-Language": language}
            refused = await kept.http.request(call.method, path, headers=asked)
            assert (problem(refused), refused.headers["content-language"]) == ("unknown-version", language), call.key
            assert refused.json()["versions"] == API_VERSION
            titles.add(refused.json()["title"])
            left = {"ratelimit", "ratelimit-policy"} & refused.headers.keys()
            assert len(left) == (0 if kept.told(call).get("security") == [] else 2), call.key
        assert len(titles) == 2
    named = await kept.http.get("/v1/tenant", headers={"Regulars-Version": API_VERSION})
    assert (named.status_code, named.headers["regulars-version"]) == (200, API_VERSION)


async def test_every_operation_asks_for_a_key(kept: Kept, client: httpx.AsyncClient) -> None:
    for call, path in kept.calls:
        if kept.told(call).get("security") != []:
            for headers in ({}, {"Authorization": "Bearer rk_live_x"}):
                refused = await client.request(call.method, path, headers=headers)
                assert (refused.status_code, problem(refused)) == (401, "unauthenticated"), call.key
                assert refused.headers["www-authenticate"] == "Bearer"


async def test_every_post_takes_an_idempotency_key(kept: Kept) -> None:
    for call, path in kept.calls:
        assert ("Idempotency-Key" in kept.parameters(call)) == (call.method == "POST"), call.key
        if call.method == "POST":
            for wrong in ("x" * 256, "two words"):
                refused = await kept.http.post(path, headers={"Idempotency-Key": wrong})
                assert (refused.status_code, problem(refused)) == (400, "idempotency-key-invalid"), call.key


async def test_no_body_has_a_field_that_isnt_known(kept: Kept) -> None:
    for call, path in kept.calls:
        if "requestBody" not in kept.told(call) or call.key in NO_BODY:
            continue
        refused = await kept.http.request(call.method, path, json={"no_such_field": 1})
        assert refused.status_code == 422, f"{call.key}: {refused.text}"
        assert problem(refused) in {"validation-failed", "programme-invalid"}
        codes = {error["pointer"]: error["code"] for error in refused.json()["errors"]}
        assert codes.get("/no_such_field") == "unknown-field" or call.key in UNIONS, f"{call.key}: {codes}"


async def test_every_list_goes_by_limit_and_cursor(kept: Kept) -> None:
    checked = 0
    for call, path in kept.lists():
        assert kept.parameters(call).keys() >= {"limit", "cursor"}, call.key
        for wrong in ("limit=0", "limit=201", "limit=x", "cursor=x", "no_such_name=1"):
            refused = await kept.http.get(f"{path}?{wrong}")
            assert refused.status_code == 422, f"{call.key} {wrong}: {refused.text}"
            assert problem(refused) in {"validation-failed", "invalid-cursor"}
        whole, seen, cursor = (await kept.http.get(f"{path}?limit=200")).json(), [], ""
        while cursor is not None and len(seen) < 3:
            told = (await kept.http.get(path, params={"limit": 1, **({"cursor": cursor} if cursor else {})})).json()
            assert len(told.get("data", "wrong")) <= 1, f"{call.key}: {told}"
            seen += told["data"]
            cursor = told["next_cursor"]
        assert seen == whole["data"][: len(seen)], call.key
        assert seen or not whole["data"], call.key
        checked += 1
    assert checked > 30


async def test_what_has_a_tag_is_read_once_and_changed_by_who_saw_it(kept: Kept) -> None:
    tagged = {call.path: path for call, path in kept.calls if call.tagged and call.method == "GET"}
    assert len(tagged) >= 14
    for call, path in kept.calls:
        assert ("If-Match" in kept.parameters(call)) == (call.tagged and call.method != "GET"), call.key
        if call.method == "GET" or call.tagged:
            continue
        refused = await kept.http.request(call.method, path, headers={"If-Match": '"a"'})
        assert (refused.status_code, problem(refused)) == (412, "precondition-failed"), call.key
    for where, path in tagged.items():
        seen = await kept.http.get(path)
        assert seen.status_code == 200, f"{where}: {seen.text}"
        tag = seen.headers["etag"]
        for had in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await kept.http.get(path, headers={"If-None-Match": had})
            assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b""), where
        assert (await kept.http.get(path, headers={"If-None-Match": '"x"'})).content == seen.content
        for call in (one for one, at in kept.calls if at == path and one.tagged and one.method != "GET"):
            body = {} if call.method == "PATCH" else kept.body(call, seen.json())
            more = {} if call.method == "DELETE" else {"json": body}
            for condition in ({"If-Match": '"x"'}, {"If-Match": f"W/{tag}"}, {"If-Match": ""}, {"If-None-Match": "*"}):
                stale = await kept.http.request(call.method, path, headers=condition, **more)
                assert (stale.status_code, problem(stale)) == (412, "precondition-failed"), f"{call.key} {condition}"
            if call.method != "DELETE":
                changed = await kept.http.request(call.method, path, headers={"If-Match": tag}, **more)
                if changed.status_code == 409:
                    assert problem(changed) == "campaign-not-draft"
                    continue
                now = await kept.http.get(path)
                assert changed.status_code == 200, f"{call.key}: {changed.text}"
                assert _edited(changed) == _edited(now), call.key
                tag = now.headers["etag"]


def _edited(answer: httpx.Response) -> str:
    return str(answer.headers["etag"]).partition(".")[0].strip('"')

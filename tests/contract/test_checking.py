"""What isn't told is noticed, and said so that somebody can act on it."""

import copy
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract import untold
from contract.checking import Checker
from contract.seen import Seen

ID = "01a20000-0000-7000-8000-000000000001"
KEY = "GET /v1/branches/{branch_id}"
BRANCH = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "closed": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Closed"}]},
    },
}
CLOSED = {"type": "object", "required": ["on"], "properties": {"on": {"type": "string", "format": "date"}}}
PROBLEM = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
MISSING = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"type": {"enum": ["/problems/gone"]}}}]}
CONTRACT: dict[str, Any] = {
    "paths": {
        "/v1/branches/{branch_id}": {
            "get": {
                "responses": {
                    "200": {
                        "headers": {
                            "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
                            "Retry-After": {"$ref": "#/components/headers/RetryAfter"},
                        },
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Branch"}}},
                    },
                    "404": {"$ref": "#/components/responses/Missing"},
                }
            }
        }
    },
    "components": {
        "schemas": {"Branch": BRANCH, "Closed": CLOSED, "Problem": PROBLEM},
        "responses": {"Missing": {"headers": {}, "content": {"application/problem+json": {"schema": MISSING}}}},
        "headers": {
            "RequestId": {"required": True, "schema": {"type": "string", "format": "uuid"}},
            "RetryAfter": {"schema": {"type": "integer", "minimum": 1}},
        },
    },
}
GOOD: dict[str, Any] = {"id": ID, "name": "West gate", "closed": {"on": "2026-11-23"}}


def wrong(
    status: int = 200, body: Any = GOOD, kind: str = "application/json", contract: Any = CONTRACT, **headers: str
) -> list[str]:
    """What is said of such an answer."""
    checker = Checker(contract)
    raw = json.dumps(body).encode()
    all_headers = {"Content-Type": kind, **({"X-Request-Id": ID} if status == 200 else {})}
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, headers=all_headers, content=raw)
    checker((KEY, httpx.Request("GET", "http://testserver"), response, raw))
    return checker.wrong


def test_an_answer_as_told_is_right() -> None:
    assert wrong() == []
    assert wrong(body={"id": ID, "name": "x", "closed": None}, Retry_After="2") == []
    assert wrong(404, {"type": "/problems/gone", "since": 5}, "application/problem+json") == []


@pytest.mark.parametrize(
    ("changed", "place", "told"),
    [
        ({"name": 5}, '/name: 5 is not of type "string"', 'told: type "string"'),
        ({"id": "no"}, "/id:", 'told: format "uuid"'),
        ({"nick": "x"}, "/: ", 'told: additionalProperties ["closed", "id", "name"]'),
        ({"closed": {"on": None}}, "/closed/on:", 'told: type "string"'),
        ({"closed": {"on": "2026-11-23", "why": "x"}}, "/closed:", 'told: additionalProperties ["on"]'),
        ({"closed": 5}, "/closed:", "told: anyOf"),
    ],
)
def test_a_part_that_isnt_told_is_named_with_what_is(changed: dict[str, Any], place: str, told: str) -> None:
    (said,) = wrong(body={**GOOD, **changed})
    assert said.startswith(f"{KEY} 200 {place}")
    assert told in said


def test_of_many_rows_one_is_named() -> None:
    contract = copy.deepcopy(CONTRACT)
    contract["components"]["schemas"]["Branch"] = {"type": "array", "items": {"type": "string"}}
    assert len(wrong(body=["a", *range(9)], contract=contract)) == 1


def test_a_member_that_lacks_is_named() -> None:
    assert wrong(body={"id": ID}) == [f'{KEY} 200 /: "name" is a required property; told: required ["id", "name"]']


def test_statuses_types_and_problems_are_named() -> None:
    assert wrong(409, {"type": "/problems/taken"}, "application/problem+json") == [
        f"{KEY}: 409 isn't told, but 200, 404: /problems/taken"
    ]
    assert wrong(kind="text/csv") == [f"{KEY}: 200 as 'text/csv' isn't told, but as application/json"]
    assert wrong(kind="application/json; charset=utf-8; charset=utf-8") == [
        f"{KEY} 200: its type is 'application/json' with 'charset=utf-8; charset=utf-8'"
    ]
    (said,) = wrong(404, {"type": "/problems/taken"}, "application/problem+json")
    assert said.startswith(f'{KEY} 404 /type: "/problems/taken"')
    assert 'told: enum ["/problems/gone"]' in said


def test_headers_are_named() -> None:
    assert wrong(ETag='"1"') == [f"{KEY} 200: the header etag isn't told"]
    assert wrong(Retry_After="soon") == [f"{KEY} 200: the header retry-after: 'soon' isn't as told"]
    assert wrong(X_Request_Id="x") == [f"{KEY} 200: the header x-request-id: 'x' isn't as told"]


def test_a_test_is_told_once_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untold, "UNTOLD", ["GET /v1/x: 409", "GET /v1/x: 409"])
    with pytest.raises(AssertionError) as failed:
        untold.refuse_untold(Path(__file__))
    assert str(failed.value).count("GET /v1/x: 409") == 1
    assert "CONTRACT_LEARN=" in str(failed.value)
    untold.refuse_untold(Path(__file__))


def test_what_stands_in_lists_is_learned_of_all_of_them() -> None:
    seen, more = Seen(), Seen()
    for value in (["a"], [], [None]):
        seen.add(value)
    seen.merge(more)
    more.add([5])
    seen.merge(more)
    assert seen.schema({}) == {"type": "array", "items": {"type": ["integer", "null", "string"]}}


def test_what_was_always_null_may_still_be_null() -> None:
    seen, before = Seen(), Seen()
    before.add({"closed_at": None})
    seen.add({"closed_at": "2026-11-23"})
    seen.merge(Seen.of(before.schema({}), {}))
    told = {"closed_at": {"type": ["null", "string"], "format": "date"}}
    assert seen.schema({}) == {"type": "object", "required": ["closed_at"], "properties": told}

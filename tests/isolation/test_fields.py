"""Every field and query that takes an id, as the contract lists them, is tried with somebody else's."""

import json
import re
from typing import Any

from saas.contract.document import document
from saas.isolation.cases.every import CASES
from saas.isolation.knocks import NOBODYS

ELSEWHERE = {
    ("patch", "/v1/members/{member_id}", "referrer_id"): "by the check of `POST /v1/members`: nobody brings itself",
    ("post", "/v1/approvals", "staff_id"): "a session's alone: tests/staff/test_approvals.py tries a neighbour's",
}


class Ours:
    """Stands in for what the asker has: its ids are told apart from those tried."""

    def __getattr__(self, name: str) -> Any:
        return self if name == "chain" else "ours"


def takes_id(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    inside = [part for kind in ("anyOf", "oneOf", "allOf") for part in schema.get(kind, [])]
    return schema.get("format") == "uuid" or any(map(takes_id, [*inside, schema.get("items")]))


def fields(schema: Any, schemas: dict[str, Any], seen: tuple[str, ...] = ()) -> set[str]:
    """The names of a body's fields that take an id, at any depth."""
    if not isinstance(schema, dict):
        return set()
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        return set() if name in seen else fields(schemas[name], schemas, (*seen, name))
    found = {name for name, of_it in schema.get("properties", {}).items() if takes_id(of_it)}
    parts = [*schema.get("properties", {}).values(), schema.get("items")]
    parts += [part for kind in ("anyOf", "oneOf", "allOf") for part in schema.get(kind, [])]
    return found.union(*(fields(part, schemas, seen) for part in parts))


def taken(operation: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    asked = {
        one["name"] for one in operation.get("parameters", []) if one.get("in") == "query" and takes_id(one["schema"])
    }
    return fields(body, schemas) | asked


def tried(method: str, path: str) -> str:
    """All that is sent to the operation with ids that nobody has, in place of somebody else's."""
    sent = []
    for (verb, template), case in CASES.items():
        if (verb.lower(), re.sub(r":[a-z]+}", "}", template)) == (method, path):
            ours: Any = Ours()
            sent += [f"{knock.url} {json.dumps(knock.body)} {knock.request}" for knock in case(NOBODYS, ours)]
    return " ".join(sent)


def test_every_field_that_takes_an_id_is_tried(app: Any) -> None:
    told = document(app)
    untried, some = set(), 0
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            for name in taken(operation, told["components"]["schemas"]):
                some += 1
                if not re.search(rf"\b{name}['\"]?[=:] *\[?[^\]]*?0197", tried(method, path)):
                    untried.add((method, path, name))
    assert some > 40
    assert untried == ELSEWHERE.keys()

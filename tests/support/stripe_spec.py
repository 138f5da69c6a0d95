"""The second opinion: what we ask of Stripe, held against Stripe's published OpenAPI file where it lies at hand."""

import json
import re
from pathlib import Path
from typing import Any, Final

from saas.local.stripe_sandbox.forms import nested

PLACE: Final = "../shared/stripe/stripe-spec-trimmed.json"

KNOWN: Final[dict[str, str]] = {
    "POST /v1/subscriptions/{subscription}/resume: payment_behavior": "a preview in May, released 2026-09-30.endive",
}
"""`METHOD path: parameter` that the file refuses (it is of May 2026), and why we ask it all the same."""


class Spec:
    """Of the file's paths only; others (it is trimmed) can't be checked and pass."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), template, methods)
            for template, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
        ]

    @classmethod
    def beside(cls, root: Path) -> "Spec | None":
        path = root / PLACE
        return cls(json.loads(path.read_text())) if path.exists() else None

    def wrong(self, request: dict[str, Any]) -> list[str]:
        """What of a recorded request the file refuses. Those that the sandbox refused itself aren't looked at."""
        if request["error"] not in {None, "card_error", "api_error"}:
            return []
        found = self._operation(request["method"], request["path"])
        if found is None:
            return []
        template, operation = found
        fields = nested([(key, value) for key, value in request["params"]])
        said = _check(fields, self._schema(operation), "", self._schemas)
        place = f"{request['method']} {template}"
        return [f"{place}: {path} {why}" for path, why in said if f"{place}: {path}" not in KNOWN]

    def _operation(self, method: str, path: str) -> tuple[str, Any] | None:
        for pattern, template, methods in self._paths:
            if pattern.fullmatch(path):
                operation = methods.get(method.lower())
                return (template, operation) if operation else None
        return None

    @staticmethod
    def _schema(operation: dict[str, Any]) -> dict[str, Any]:
        """Query parameters and the form as one object: Stripe takes either's fields."""
        query = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        content = operation.get("requestBody", {}).get("content", {})
        body: dict[str, Any] = next((one["schema"] for one in content.values()), {})
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {**{one["name"]: one["schema"] for one in query}, **body.get("properties", {})},
            "required": [one["name"] for one in query if one.get("required")] + body.get("required", []),
        }


def _check(value: Any, schema: dict[str, Any], path: str, schemas: dict[str, Any]) -> list[tuple[str, str]]:
    if "$ref" in schema:
        return _check(value, schemas[schema["$ref"].rpartition("/")[2]], path, schemas)
    if "anyOf" in schema:
        tries = [_check(value, one, path, schemas) for one in schema["anyOf"]]
        return min(tries, key=lambda said: (len(said), said and said[0][1] == "is of another type"))
    kind = schema.get("type")
    if kind == "object":
        return _check_object(value, schema, path, schemas)
    if kind == "array":
        items = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(items, list):
            return [(path, "is of another type")]
        return [said for item in items for said in _check(item, schema["items"], f"{path}[]", schemas)]
    return _check_text(value, schema, path)


def _check_object(value: Any, schema: dict[str, Any], path: str, schemas: dict[str, Any]) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [(path, "is of another type")]
    known, more = schema.get("properties", {}), schema.get("additionalProperties", False)
    said: list[tuple[str, str]] = []
    for key, inner in value.items():
        at = f"{path}[{key}]" if path else key
        if key in known:
            said += _check(inner, known[key], at, schemas)
        elif isinstance(more, dict):
            said += _check(inner, more, at, schemas)
        elif more is False:
            said.append((at, "is unknown"))
    return said + [
        (f"{path}[{key}]" if path else key, "is missing") for key in schema.get("required", []) if key not in value
    ]


def _check_text(value: Any, schema: dict[str, Any], path: str) -> list[tuple[str, str]]:
    if not isinstance(value, str):
        return [(path, "is of another type")]
    shapes = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false"}
    shape = shapes.get(schema.get("type", ""))
    if value != "***" and shape and not re.fullmatch(shape, value):
        return [(path, "is of another type")]
    if "enum" in schema and value not in schema["enum"]:
        return [(path, f"is none of {schema['enum']}")]
    if len(value) > schema.get("maxLength", len(value)):
        return [(path, "is too long")]
    return []

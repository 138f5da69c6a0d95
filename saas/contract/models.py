"""JSON Schemas of request bodies and query strings: pydantic's own, made fit for an OpenAPI document."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import TypeAdapter

from saas.validation import ChangeBody, Query

_PLACE: Final = "#/components/schemas/{model}"
# Two models of one name: pydantic calls them `tenants__coupons__bodies__RedeemBody`.
_LONG: Final = re.compile(r"(?:saas|tenants)__(\w+?)__(?:\w+__)?([A-Za-z0-9]+)")


def body_schemas(kinds: Iterable[Any]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Each type's schema, and the components that they refer to. A type is a model, an annotation or a TypeAdapter."""
    adapters = {kind: kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind) for kind in kinds}
    inputs = [(kind, "validation", adapter) for kind, adapter in adapters.items()]
    schemas, rest = TypeAdapter.json_schemas(inputs, ref_template=_PLACE)  # type: ignore[arg-type]
    components = rest.get("$defs", {})
    for kind in [kind for kind in adapters if isinstance(kind, type) and issubclass(kind, ChangeBody)]:
        _refuse_nulls(components.get(kind.__name__, {}), kind.CLEARABLE)
    found = {kind: _tidy(schema) for (kind, _), schema in schemas.items()}
    return found, {_short(name): _tidy(schema) for name, schema in components.items()}


def _refuse_nulls(schema: dict[str, Any], clearable: frozenset[str]) -> None:
    """What is left out of a change stays; null is for what can be taken away, and refused elsewhere."""
    for name, field in schema.get("properties", {}).items():
        if name not in clearable and "anyOf" in field:
            field["anyOf"] = [one for one in field["anyOf"] if one.get("type") != "null"]
            field.pop("default", None)


def parameters(model: type[Query]) -> list[dict[str, Any]]:
    """A query string's parameters. Nothing is null in one: what isn't sent isn't there."""
    schema = _tidy(model.model_json_schema(ref_template=_PLACE))
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": told} if (told := field.pop("description", None)) else {}),
            "schema": _without_null(field),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    kinds = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    rest = {key: value for key, value in field.items() if key != "anyOf" and not (key == "default" and value is None)}
    if not kinds:
        return rest
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def one_line(text: str) -> str:
    """A docstring's paragraphs, each in one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


# Rust writes control characters so; JSON Schema's patterns are JavaScript's, and few readers know Unicode's classes.
_CLASSES: Final = ((r"[^\p{Cc}", r"[^\x00-\x1f\x7f-\x9f"), (r"\P{Cc}", r"[^\x00-\x1f\x7f-\x9f]"))


def _pattern(text: str) -> str:
    for rust, plain in _CLASSES:
        text = text.replace(rust, plain)
    return text


def _short(name: str) -> str:
    match = _LONG.fullmatch(name)
    return name if match is None else f"{match[1].title().replace('_', '')}{match[2]}"


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A map whose keys have a form: what has another one isn't let through, as pydantic's `patternProperties` would."""
    forms = schema.get("patternProperties", {})
    if len(forms) != 1 or "properties" in schema:
        return schema
    [(form, values)] = forms.items()
    rest = {key: value for key, value in schema.items() if key != "patternProperties"}
    return {**rest, "propertyNames": {"pattern": form}, "additionalProperties": values}


_COUNTS: Final = {"array": ("minItems", "maxItems"), "object": ("minProperties", "maxProperties")}


def _counted(schema: dict[str, Any]) -> dict[str, Any]:
    """A list behind a validator of its own: pydantic tells how many it may hold by the words for a text's length."""
    kind = schema.get("type")
    words = dict(zip(("minLength", "maxLength"), _COUNTS.get(kind if isinstance(kind, str) else "", ()), strict=False))
    return {words.get(key, key): value for key, value in schema.items()}


def _tidy(schema: Any) -> Any:
    """Without pydantic's titles, which only repeat the names."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in _counted(_closed(schema)).items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "properties":
            out[key] = {name: _tidy(one) for name, one in value.items()}
        elif key == "$ref":
            head, _, name = value.rpartition("/")
            out[key] = f"{head}/{_short(name)}"
        elif key == "pattern":
            out[key] = _pattern(value)
        elif key == "description":
            out[key] = one_line(value)
        elif key in {"default", "enum", "const", "examples"}:
            out[key] = value
        else:
            out[key] = _tidy(value)
    return out

"""Answers held against the contract: their status, type, headers and schema, and the problem that they name.

The contract lets new members come to an answer at any time. Of ours none comes before it is told: here an object that
tells its members is closed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema_rs

from contract.recorder import Exchange
from saas.contract.refusals import MEDIA_TYPE

_HERE: Final = "urn:contract"
_OPEN: Final = {"Problem"}
"""A problem has its numbers as members of its own."""
_LONGEST: Final = 300
_NOT_OURS: Final = frozenset(
    {
        *("cache-control", "content-encoding", "content-language", "content-length", "content-type", "date", "vary"),
        *("content-security-policy", "cross-origin-resource-policy", "referrer-policy", "strict-transport-security"),
        "x-content-type-options",
    }
)
"""Headers of HTTP itself and for browsers: no document tells them."""
Validator = jsonschema_rs.Draft202012Validator


@dataclass(frozen=True)
class _Told:
    """What is told of an operation's answers of one status and type; `wrong`: that none is told."""

    wrong: str = ""
    body: Validator | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Validator] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


class Checker:
    """Call it with each exchange; `wrong` says what isn't as the contract tells."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._contract = contract
        self._schemas = {
            name: _closed(schema, open_=name in _OPEN) for name, schema in contract["components"]["schemas"].items()
        }
        self._shared = jsonschema_rs.Registry([(_HERE, {"components": {"schemas": self._schemas}})])
        self._headers = {
            name: Validator(told["schema"], validate_formats=True)
            for name, told in contract["components"]["headers"].items()
        }
        self._told: dict[tuple[str, int, str], _Told] = {}
        self.wrong: list[str] = []
        self.answered: set[str] = set()

    def __call__(self, exchange: Exchange) -> None:
        key, _, response, raw = exchange
        status = response.status_code
        if response.is_success:
            self.answered.add(key)
        kind, _, more = response.headers.get("content-type", "").partition("; ")
        place = key, status, kind if raw else ""
        told = self._told.get(place)
        if told is None:
            told = self._told[place] = self._find(*place)
        if told.wrong:
            refused = f": {json.loads(raw)['type']}" if kind == MEDIA_TYPE else ""
            self.wrong.append(told.wrong + refused)
            return
        headers = {name.decode().lower(): value.decode() for name, value in response.headers.raw}
        self.wrong += [f"{key} {status}: {what}" for what in _of_headers(told, headers)]
        if more not in {"", "charset=utf-8"}:
            self.wrong.append(f"{key} {status}: its type is {kind!r} with {more!r}")
        if told.body is not None:
            value = json.loads(raw)
            if not told.body.is_valid(value):
                self.wrong += [f"{key} {status} {what}" for what in self._of_body(told, value)]

    def _find(self, key: str, status: int, kind: str) -> _Told:
        method, path = key.split(" ")
        all_told = self._contract["paths"][path][method.lower()]["responses"]
        told = all_told.get(str(status))
        if told is None:
            return _Told(f"{key}: {status} isn't told, but {', '.join(all_told)}")
        told = self._resolved(told)
        contents = told.get("content", {})
        if kind not in contents and (contents or kind):
            return _Told(f"{key}: {status} as {kind!r} isn't told, but as {', '.join(contents) or 'nothing'}")
        components = {name.lower(): one["$ref"].rpartition("/")[2] for name, one in told["headers"].items()}
        schema = _closed(contents[kind]["schema"]) if kind.endswith("json") else None
        all_headers = self._contract["components"]["headers"]
        needed = frozenset(name for name, one in components.items() if all_headers[one].get("required"))
        return _Told(
            body=None if schema is None else Validator(schema, validate_formats=True, registry=self._shared),
            schema=schema or {},
            headers={name: self._headers[one] for name, one in components.items()},
            needed=needed,
            known=_NOT_OURS | components.keys(),
        )

    def _resolved(self, told: dict[str, Any]) -> dict[str, Any]:
        found: Any = told
        while "$ref" in found:
            name = found["$ref"].rpartition("/")[2]
            found = self._contract["components"]["responses"][name]
        return dict(found)

    def _of_body(self, told: _Told, value: Any) -> Iterator[str]:
        assert told.body is not None
        leaves = (leaf for each in told.body.iter_errors(value) for leaf in _leaves(each))
        for error in {tuple(one.schema_path): one for one in leaves}.values():  # of a thousand rows one
            *path, keyword = error.schema_path
            allowed: Any = {"components": {"schemas": self._schemas}} if path[:1] == ["components"] else told.schema
            for part in path:
                allowed = allowed[part]
            # Of a member that isn't known the names of those that are; else what is asked there.
            allowed = sorted(allowed["properties"]) if keyword == "additionalProperties" else allowed[keyword]
            text = json.dumps(allowed, ensure_ascii=False)[:_LONGEST]
            yield f"/{'/'.join(map(str, error.instance_path))}: {error.message[:_LONGEST]}; told: {keyword} {text}"


def _of_headers(told: _Told, headers: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(told.needed - headers.keys()):
        yield f"without its header {name}"
    for name in sorted(headers.keys() - told.known):
        yield f"the header {name} isn't told"
    for name in sorted(told.headers.keys() & headers.keys()):
        text = headers[name]
        if not told.headers[name].is_valid(int(text) if text.isdecimal() else text):
            yield f"the header {name}: {text!r} isn't as told"


def _leaves(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """What is wrong by the alternative that was meant: of `anyOf` the one whose type fits, where only one does."""
    tried = getattr(error.kind, "context", ())
    meant = [
        errors
        for errors in tried
        if not any(each.kind.name == "type" and each.instance_path == error.instance_path for each in errors)
    ]
    return [leaf for each in meant[0] for leaf in _leaves(each)] if len(meant) == 1 else [error]


def _closed(schema: Any, *, open_: bool = False) -> Any:
    """The same schema for objects that have no other members than those that it tells, its references led to ours."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for name, value in schema.items():
        if name == "properties":
            out[name] = {member: _closed(one) for member, one in value.items()}
        elif name == "$ref":
            out[name] = f"{_HERE}{value}"
        else:
            out[name] = value if name in {"enum", "const", "example"} else _closed(value)
    if "properties" in schema and "object" in schema.get("type", ()) and not open_:
        out.setdefault("additionalProperties", False)
    return out

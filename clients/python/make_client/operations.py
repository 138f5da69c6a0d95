"""The document's operations as the client's calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from make_client.naming import camel, named
from make_client.schemas import ANYTHING, REF, Schema, Types, argument, class_name

METHODS: Final = ("get", "post", "put", "patch", "delete")
_NOTHING: Final = "204"
_FILES: Final = (".csv", ".svg", ".zip", ".pdf", ".html", ".ndjson")


@dataclass(frozen=True)
class Operation:
    """`body`: the TypedDict whose fields are the call's own arguments; `document`: the type of a body that is
    given whole; `upload`: the options' TypedDict of a form with a file. `item`: a list's; then there are pages.
    """

    method: str
    path: str
    resource: str
    name: str
    said: str
    places: tuple[str, ...]
    query: Mapping[str, tuple[str, str, bool]]
    """By the parameter's own name: its argument's name, its type, whether it is needed."""
    body: str | None
    document: str | None
    upload: str | None
    needed: bool
    """Whether the document can't be left out."""
    answer: str
    item: str | None
    raw: bool
    versioned: bool
    reads: bool
    """A POST that writes nothing."""

    @property
    def keyed(self) -> bool:
        """Whether it takes an idempotency key."""
        return self.method == "POST" and not self.reads

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


def operations(document: Mapping[str, Any], types: Types) -> list[Operation]:
    """Every operation, in the order of the document. Raises ValueError where two would have one name."""
    types.both = _both_ways(document)
    found = [_operation(document, types, *each) for each in walk(document) if not _streams(document, each[2])]
    taken: dict[tuple[str, str], str] = {}
    for each in found:
        other = taken.setdefault((each.resource, each.name), each.label)
        if other != each.label:
            raise ValueError(f"{other} and {each.label} are both {each.resource}.{each.name}: name one in naming.NAMES")
    return found


def walk(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path, and what the document says of it."""
    for path, told in document["paths"].items():
        for method in METHODS:
            if method in told:
                yield method.upper(), path, told[method]


def _streams(document: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether it answers bit by bit: `follow_job` is written by hand."""
    return _answered(document, told)[0] == "text/event-stream"


def _operation(document: Mapping[str, Any], types: Types, method: str, path: str, told: Mapping[str, Any]) -> Operation:
    media, answered = _answered(document, told)
    item = _paged(types, answered)
    resource, name = named(method, path, several=any(other.startswith(f"{path}/{{") for other in document["paths"]))
    own = camel(resource) + camel(name)
    parameters = [_resolved(document, each) for each in told.get("parameters", ())]
    body, whole, upload, needed = _sent(document, types, told, own)
    query = [each for each in parameters if each["in"] == "query"]
    raw = path.endswith(_FILES) or (media is not None and "json" not in media)
    return Operation(
        method=method,
        path=path,
        resource=resource,
        name=name,
        said=_said(told),
        places=tuple(each["name"] for each in parameters if each["in"] == "path"),
        query={
            each["name"]: (argument(each["name"]), types.of(each["schema"], "in", own), each.get("required", False))
            for each in query
            if not (item is not None and each["name"] == "cursor")
        },
        body=body,
        document=whole,
        upload=upload,
        needed=needed,
        answer="bytes"
        if raw
        else "None"
        if answered is None or item is not None
        else types.of(answered, "out", f"{own}Answer"),
        item=types.of(item, "out", f"{own}Item") if item is not None and not raw else None,
        raw=raw,
        versioned=any(each["in"] == "header" and each["name"].lower() == "if-match" for each in parameters),
        reads=f"{method} {path}" in _READS,
    )


_DOCUMENTS: Final = {"ProgrammeSaveDraft", "CampaignsCreate", "CampaignsReplace", "MessageTextsReplace"}
"""Given as one, typed or as it was read."""
_FREE: Final = "Mapping[str, Any]"
_READS: Final = {"POST /v1/quotes", "POST /v1/segments/preview"}


def _said(told: Mapping[str, Any]) -> str:
    summary, description = (told.get(name, "").strip() for name in ("summary", "description"))
    first = summary.rstrip(".") + "." if summary else ""
    rest = description.removeprefix(first).strip()
    return "\n\n".join(each for each in (first, rest) if each)


def _answered(document: Mapping[str, Any], told: Mapping[str, Any]) -> tuple[str | None, Schema | None]:
    """The media type and schema of the first success; None, None where nothing is ever answered."""
    for status, answer in sorted(told["responses"].items()):
        if status.startswith("2") and status != _NOTHING:
            for media, content in _resolved(document, answer).get("content", {}).items():
                return media, content.get("schema") or {}
            return None, {}
    return None, None


def _paged(types: Types, schema: Schema | None) -> Schema | None:
    """What a list's schema holds; None for anything that isn't just a page of a list."""
    whole = types.components[schema["$ref"].removeprefix(REF)] if schema and "$ref" in schema else schema or {}
    fields = whole.get("properties", {})
    return fields["data"].get("items", {}) if set(fields) == {"data", "next_cursor"} else None


def _sent(
    document: Mapping[str, Any], types: Types, told: Mapping[str, Any], own: str
) -> tuple[str | None, str | None, str | None, bool]:
    if "requestBody" not in told:
        return None, None, None, False
    body = _resolved(document, told["requestBody"])
    needed = body.get("required", False)
    media, content = next(iter(body["content"].items()))
    schema = content["schema"]
    if media == "multipart/form-data":
        return None, None, types.arguments(schema["properties"]["options"], f"{own}Options"), needed
    if own not in _DOCUMENTS and (kind := types.arguments(schema, f"{own}Body")):
        return kind, None, None, needed
    kind = types.of(schema, "in", f"{own}Body")
    return None, kind if kind in {ANYTHING, _FREE} else f"{kind} | {_FREE}", None, needed


def _resolved(document: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in told:
        return told
    found: Any = document
    for step in told["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: Mapping[str, Any] = found
    return resolved


def _both_ways(document: Mapping[str, Any]) -> set[str]:
    components = document["components"]["schemas"]
    sent, back = set[str](), set[str]()
    for _, _, told in walk(document):
        if "requestBody" in told:
            _reach(_resolved(document, told["requestBody"]), components, sent)
        for parameter in told.get("parameters", ()):
            _reach(_resolved(document, parameter), components, sent)
        for status, answer in told["responses"].items():
            if status.startswith("2"):
                _reach(_resolved(document, answer), components, back)
    return {name for name in sent & back if class_name(name)}


def _reach(told: object, components: Mapping[str, Schema], found: set[str]) -> None:
    """Adds the components that `told` leads to."""
    if isinstance(told, Mapping):
        ref = told.get("$ref")
        if isinstance(ref, str) and ref.startswith(REF) and (name := ref.removeprefix(REF)) not in found:
            found.add(name)
            _reach(components[name], components, found)
        for each in told.values():
            _reach(each, components, found)
    elif isinstance(told, list):
        for each in told:
            _reach(each, components, found)

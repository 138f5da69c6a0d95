"""JSON schemas as Python types: a TypedDict for each object with named fields.

What is sent takes more than what comes back: a UUID or its text, a day or its text, any sequence.
"""

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from make_client.naming import camel

Schema = Mapping[str, Any]
Way = Literal["in", "out"]

REF: Final = "#/components/schemas/"
ANYTHING: Final = "Any"
_TEXTS: Final = {"date": "str | date", "date-time": "str | datetime", "uuid": "Id", "binary": "bytes"}
_PLAIN: Final = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}


@dataclass
class Types:
    """Collects the classes that are asked for; `render` writes them all."""

    components: Mapping[str, Schema]
    classes: dict[str, str] = field(default_factory=dict)
    _told: dict[str, Schema] = field(default_factory=dict)
    both: set[str] = field(default_factory=set)
    """Names of components that are sent and come back: sent, they are called `…Input`."""

    def of(self, schema: Schema, way: Way, name: str) -> str:
        """A type's expression; `name` is for what has none of its own."""
        if "$ref" in schema:
            return self.named(schema["$ref"].removeprefix(REF), way)
        if "const" in schema or "enum" in schema:
            return _literal(schema.get("enum") or [schema["const"]])
        if several := schema.get("oneOf") or schema.get("anyOf"):
            return _union(self.of(each, way, name) for each in several)
        if parts := schema.get("allOf"):
            return self.of(parts[0] if len(parts) == 1 else self._whole(schema), way, name)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return _union(self.of({**schema, "type": kind}, way, name) for kind in kinds)
        return self._plain(schema, kinds, way, name)

    def _plain(self, schema: Schema, kind: str | None, way: Way, name: str) -> str:
        if kind == "string":
            form = schema.get("format", "")
            return _TEXTS.get(form, "str") if way == "in" or form == "binary" else "str"
        if kind == "array":
            inner = self.of(schema.get("items") or {}, way, f"{name}Item")
            return f"Sequence[{inner}]" if way == "in" else f"list[{inner}]"
        if kind == "object":
            return self._object(schema, way, name)
        return _PLAIN.get(kind or "", ANYTHING)

    def _object(self, schema: Schema, way: Way, name: str) -> str:
        if schema.get("properties"):
            return self._class(self._free(name, schema), schema, way)
        rest = schema.get("additionalProperties")
        inner = self.of(rest, way, f"{name}Value") if isinstance(rest, Mapping) and rest else ANYTHING
        return f"Mapping[str, {inner}]" if way == "in" else f"dict[str, {inner}]"

    def _free(self, name: str, schema: Schema) -> str:
        """The name of an object inside another, which may sound like a component's: then it is that one's `…Part`."""
        taken = {class_name(component) for component in self.components}
        while name in taken or self._told.get(name, schema) != schema:
            name += "Part"
        return name

    def named(self, component: str, way: Way) -> str:
        """A component's type: its class, or what it stands for where it is no object with fields."""
        schema = self.components[component]
        name = class_name(component) + ("Input" if way == "in" and component in self.both else "")
        if not schema.get("properties"):
            return self.of(schema, way, name)
        if name not in self.classes:
            self._class(name, schema, way)
        return name

    def arguments(self, schema: Schema, name: str) -> str | None:
        """The class whose fields are a call's arguments: `from` is `from_` there. None where a name can't be one."""
        whole = self._whole(schema)
        fields = whole.get("properties") or {}
        if not fields or not all(prop.isidentifier() for prop in fields):
            return None
        kind = self.of(schema, "in", name)
        if any(map(keyword.iskeyword, fields)):
            self._class(kind, whole, "in", as_arguments=True)
        return kind

    def _whole(self, schema: Schema) -> Schema:
        """A schema behind its reference, or put together of its parts: the later one's fields stand."""
        if "$ref" in schema:
            return self._whole(self.components[schema["$ref"].removeprefix(REF)])
        parts = [self._whole(each) for each in schema.get("allOf", ())]
        if not parts:
            return schema
        return {
            "type": "object",
            "description": next((each["description"] for each in parts if "description" in each), ""),
            "properties": {name: told for each in parts for name, told in each.get("properties", {}).items()},
            "required": sorted({name for each in parts for name in each.get("required", ())}),
        }

    def _class(self, name: str, schema: Schema, way: Way, *, as_arguments: bool = False) -> str:
        if self._told.setdefault(name, schema) != schema:
            raise ValueError(f"two different things are both called {name}")
        self.classes[name] = ""  # it may hold itself
        needed = set(schema.get("required", ()))
        fields = {
            argument(prop) if as_arguments else prop: (
                self.of(told, way, name + camel(prop)),
                prop in needed,
                told.get("description", ""),
            )
            for prop, told in schema["properties"].items()
        }
        self.classes[name] = _written(name, fields, schema.get("description", ""))
        return name

    def render(self) -> str:
        return "\n\n".join(self.classes[name] for name in sorted(self.classes))


def argument(name: str) -> str:
    """A field's or parameter's name as one in Python: `from` is `from_`, `per-page` is `per_page`."""
    word = name.replace("-", "_")
    return f"{word}_" if keyword.iskeyword(word) else word


def class_name(component: str) -> str:
    return camel(component.replace("_bodies_", "_"))


def _literal(values: list[object]) -> str:
    known = [repr(value) for value in values if value is not None]
    parts = [f"Literal[{', '.join(dict.fromkeys(known))}]"] if known else []
    return " | ".join(parts + ["None"] * (None in values))


def _union(types: Iterator[str]) -> str:
    parts = list(dict.fromkeys(part for each in types for part in _parts(each)))
    if ANYTHING in parts:
        return ANYTHING
    return " | ".join(sorted(parts, key=lambda part: part == "None"))


def _parts(expression: str) -> list[str]:
    """`a | b[c | d]` at its outer bars."""
    found, depth = [""], 0
    for sign in expression:
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if sign == "|" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [part.strip() for part in found]


def _written(name: str, fields: Mapping[str, tuple[str, bool, str]], said: str) -> str:
    if all(prop.isidentifier() and not keyword.iskeyword(prop) for prop in fields):
        lines = [f"class {name}(TypedDict):"]
        lines += [f"    {docstring(said)}", ""] if said else []
        for prop, (kind, needed, about) in fields.items():
            lines.append(f"    {prop}: {kind if needed else f'NotRequired[{kind}]'}")
            lines += [f"    {docstring(about)}"] if about else []
        return "\n".join(lines)
    pairs = ", ".join(
        f'"{prop}": "{kind if needed else f"NotRequired[{kind}]"}"' for prop, (kind, needed, _) in fields.items()
    )
    return f'{name} = TypedDict("{name}", {{{pairs}}})' + (f"\n{docstring(said, '')}" if said else "")


def docstring(text: str, indent: str = "    ") -> str:
    """A text as a docstring, with its quotes."""
    lines = [line.strip() for line in text.strip().splitlines()]
    clean = f"\n{indent}".join(lines).replace("\\", "\\\\").replace('"""', "'''").replace(f"\n{indent}\n", "\n\n")
    if len(lines) > 1:
        return f'"""{clean}\n{indent}"""'
    return f'"""{clean} """' if clean.endswith('"') else f'"""{clean}"""'

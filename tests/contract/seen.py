"""What was seen at one place of JSON answers, and the JSON Schema that says so."""

import re
from collections.abc import Iterator
from typing import Any, Final, Self

_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")
_FORMATS: Final = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "date-time": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9]{2}:[0-9]{2})"),
}
MAPS: Final = frozenset({"names", "texts", "attributes", "consents", "values", "descriptions", "titles", "tiers"})
"""Members whose own members are data: codes, languages."""
FREE: Final = frozenset(
    {
        *(
            "data",
            "programme",
            "document",
            "draft",
            "condition",
            "conditions",
            "qualify",
            "retain",
            "detail",
            "details",
        ),
        *("expected", "stored"),  # of what a proof found: by its check
    }
)
"""Documents with a description of their own: here they are objects, and no more is said."""


CORES: Final = {
    "Problem": {"type", "title", "status", "detail"},
    "Campaign": {"when", "names", "state", "control_percent"},
    "Member": {"birthday_calendar", "joined_on", "referrer_id"},
    "PointsBalance": {"spendable", "pending", "expiring_next"},
    "HeldTier": {"may_rise", "locked_until", "since"},
    "CurrentTier": {"ladder", "code", "name", "since"},
    "TierChange": {"ladder", "before", "after", "reason", "decision_id"},
    "TaskAct": {"outcome", "until", "note", "actor"},
    "Line": {"sku", "quantity", "category", "amount"},
    "Missing": {"metric", "by", "text"},
    "RecalculationCounts": {"upgraded", "renewed", "downgraded"},
}
"""Objects with these members are one shape, of this name, whatever else they have."""
PROGRAMME: Final = {"ladders", "lifecycle", "stacking"}


class Seen:
    """Values at one place: of which types they were, and what is in them."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.formats: set[str] | None = None  # those that every text so far had; None before the first
        self.objects = 0
        self.members: dict[str, tuple[int, Seen]] = {}
        self.items: Seen | None = None

    def add(self, value: Any, name: str = "") -> None:
        kind = _type(value)
        self.types.add(kind)
        if kind == "string":
            fits = {each for each, pattern in _FORMATS.items() if pattern.fullmatch(value)}
            self.formats = fits if self.formats is None else self.formats & fits
        elif kind == "array":
            self.items = Seen() if self.items is None else self.items
            for one in value:
                self.items.add(one)
        elif kind == "object":
            self._add_object(value, name)

    def _add_object(self, value: dict[str, Any], name: str) -> None:
        self.objects += 1
        if name in FREE or value.keys() >= PROGRAMME:
            self.types.add("free")
            return
        if name in MAPS or not all(_WORD.fullmatch(key) for key in value):
            self.types.add("map")
        for key, one in value.items():
            count, seen = self.members.get(key, (0, Seen()))
            seen.add(one, key)
            self.members[key] = (count + 1, seen)

    def merge(self, other: Self) -> None:
        self.types |= other.types
        if other.formats is not None:
            self.formats = other.formats if self.formats is None else self.formats & other.formats
        self.objects += other.objects
        for key, (count, seen) in other.members.items():
            before, mine = self.members.get(key, (0, Seen()))
            mine.merge(seen)
            self.members[key] = (before + count, mine)
        if other.items is not None:
            self.items = Seen() if self.items is None else self.items
            self.items.merge(other.items)

    @property
    def shape(self) -> frozenset[str] | None:
        """The names of its members, where it is an object of its own kind."""
        if "object" not in self.types or self.types & {"free", "map"}:
            return None
        core = next((name for name, core in CORES.items() if core <= self.members.keys()), None)
        return frozenset({core}) if core else frozenset(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def parts(self, name: str) -> Iterator[tuple[str, "Seen"]]:
        """It and all below it, with the names of their members."""
        yield name, self
        for key, (_, seen) in self.members.items():
            yield from seen.parts(key)
        if self.items is not None:
            yield from self.items.parts(name)

    def schema(self, named: dict[frozenset[str], str]) -> dict[str, Any]:
        """`named`: components that stand for objects of those members."""
        kinds = self.types - {"free", "map"}
        if "number" in kinds:
            kinds -= {"integer"}
        if not kinds - {"null"}:
            return {}  # never seen with anything in it
        shape = self.shape
        if shape in named and shape is not None:
            ref = {"$ref": f"#/components/schemas/{named[shape]}"}
            rest = kinds - {"object"}
            return ref if not rest else {"anyOf": [ref, *({"type": kind} for kind in sorted(rest))]}
        return self.own_schema(named)

    def own_schema(self, named: dict[frozenset[str], str]) -> dict[str, Any]:
        """The same, never as a reference to a component of itself."""
        kinds = sorted(self.types - {"free", "map"} - ({"integer"} if "number" in self.types else set()))
        out: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if self.formats and "string" in kinds:
            out["format"] = min(self.formats)
        if "array" in kinds and self.items is not None:
            out["items"] = self.items.schema(named)
        if "object" in kinds and "free" not in self.types:
            out |= self._object(named)
        return out

    def _object(self, named: dict[frozenset[str], str]) -> dict[str, Any]:
        if "map" in self.types:
            together = Seen()
            for _, seen in self.members.values():
                together.merge(seen)
            return {"additionalProperties": together.schema(named)}
        required = [key for key, (count, _) in self.members.items() if count == self.objects]
        properties = {key: seen.schema(named) for key, (_, seen) in self.members.items()}
        if "next_cursor" in properties:  # wherever it is, also where no page was ever followed by another
            properties["next_cursor"] = {"type": ["null", "string"]}
        return {"required": required, "properties": properties} if required else {"properties": properties}

    @classmethod
    def of(cls, schema: dict[str, Any], shapes: dict[str, Any], inside: frozenset[str] = frozenset()) -> "Seen":
        """What a schema of ours says, as if it had been seen; `shapes` are the components, by name."""
        made = cls()
        for one in schema.get("anyOf", ()):
            made.merge(cls.of(one, shapes, inside))
        name = schema.get("$ref", "").rpartition("/")[2]
        if name:
            if name in inside:
                raise ValueError(f"{name} is in itself")
            made.merge(cls.of(shapes[name], shapes, inside | {name}))
            made.types.discard("null")  # that is said where it stands
            return made
        kinds = schema.get("type", ())
        made.types |= {kinds} if isinstance(kinds, str) else set(kinds)
        if "string" in made.types:
            made.formats = {schema["format"]} if "format" in schema else set()
        if "items" in schema:
            made.items = cls.of(schema["items"], shapes, inside)
        if "object" in made.types and "anyOf" not in schema:
            made._know_object(schema, shapes, inside)
        return made

    def _know_object(self, schema: dict[str, Any], shapes: dict[str, Any], inside: frozenset[str]) -> None:
        self.objects = 1
        if "additionalProperties" in schema:
            self.types.add("map")
            self.members = {"": (0, Seen.of(schema["additionalProperties"], shapes, inside))}
        elif "properties" not in schema:
            self.types.add("free")
        for key, one in schema.get("properties", {}).items():
            seen = Seen.of(one, shapes, inside)
            if not one:  # such a member was there, and always null
                seen.types.add("null")
            self.members[key] = (int(key in schema.get("required", ())), seen)

    def dump(self) -> dict[str, Any]:
        return {
            "types": sorted(self.types),
            "formats": None if self.formats is None else sorted(self.formats),
            "objects": self.objects,
            "members": {key: [count, seen.dump()] for key, (count, seen) in self.members.items()},
            "items": None if self.items is None else self.items.dump(),
        }

    @classmethod
    def load(cls, kept: dict[str, Any]) -> "Seen":
        made = cls()
        made.types = set(kept["types"])
        made.formats = None if kept["formats"] is None else set(kept["formats"])
        made.objects = kept["objects"]
        made.members = {key: (count, cls.load(seen)) for key, (count, seen) in kept["members"].items()}
        made.items = None if kept["items"] is None else cls.load(kept["items"])
        return made


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]

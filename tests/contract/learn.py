"""Writes `saas/contract/answers` from what tests have seen: `python -m tests.contract.learn FOLDER`.

    CONTRACT_LEARN=/tmp/seen pytest tests && python -m tests.contract.learn /tmp/seen

Objects with the same members in several places are one shape, a component with a name. What is in `answers` stays told,
so some of the tests are enough for what is new: a schema widens, an example stays. `--anew` after the folder forgets
the schemas of what was seen; then all tests must have run.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from saas.contract.answers import FOLDER, SHAPES
from saas.contract.refusals import FIELD_ERROR, PROBLEM
from tests.contract.seen import CORES, Seen
from tests.contract.written_down import BY_HAND

_FEW: Final = 4
"""Members from which on an object that is in several places is a shape."""
_LONG_LIST: Final = 2
_SECRETS: Final = (
    (re.compile(r"rk_(live|test)_[A-Za-z0-9]+_[A-Za-z0-9]+_[0-9a-f]{8}"), r"rk_\1_cdcCbQzEgDa_wJM36g7C37zd_00000000"),
    (re.compile(r"whsec_[A-Za-z0-9+/]{43}="), f"whsec_{'A' * 43}="),
    (re.compile(r"[0-9a-f]{16}@example\.com"), "chen.wei@example.com"),
    (re.compile(r"http://127\.0\.0\.1:[0-9]+/"), "https://members.example.com/"),
    (re.compile(r"(/(?:join|card|invitation|reset|c|j|i)/)[A-Za-z0-9_.~-]{12,}"), r"\1…"),
)
NAMES: Final = {
    "GET /v1/members/{member_id}": "Member",
    "GET /v1/members/{member_id}/tier": "TierExplanation",
    "GET /v1/purchases/{purchase_id}": "Purchase",
    "POST /v1/quotes": "Quote",
    "GET /v1/tenant": "Tenant",
    "GET /v1/jobs/{job_id}": "Job",
    "GET /v1/staff/{staff_id}": "Staff",
}

Kept = dict[str, Any]


def main() -> None:
    folder = Path(sys.argv[1])
    seen: dict[str, Kept] = {}
    for path in sorted(folder.glob("*.json")):
        _join(seen, json.loads(path.read_text(encoding="utf-8")))
    if sys.argv[2:] != ["--anew"]:
        _keep(seen, _before())
    named = _shapes(seen)
    for _, together in named.values():
        together.types = {"object"}  # what else may be there is said where it stands
    shapes = {name: together.own_schema(_names(named)) for name, together in named.values() if name != "Problem"}
    written = {key: _written(told, _names(named)) for key, told in seen.items()}
    FOLDER.mkdir(exist_ok=True)
    operations = {**_before(), **written, **BY_HAND}
    for place, told in _by_place(operations).items():
        _write(FOLDER / f"{place}.json", told)
    _write(FOLDER / SHAPES, _used(operations, {**_shapes_before(), **shapes}))


def _used(operations: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """The shapes that answers lead to, by name."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [operations]
    while waiting:
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop())):
            if name in shapes and name not in found:
                found[name] = shapes[name]
                waiting.append(shapes[name])
    return dict(sorted(found.items()))


def _join(seen: dict[str, Kept], more: dict[str, Any]) -> None:
    for key, told in more.items():
        mine = seen.setdefault(key, {"refusals": set(), "answers": {}})
        mine["refusals"] |= set(told["refusals"])
        for status, answer in told["answers"].items():
            loaded = {**answer, "seen": Seen.load(answer["seen"])}
            if status not in mine["answers"]:
                mine["answers"][status] = loaded
                continue
            loaded["seen"].merge(mine["answers"][status]["seen"])
            best = max(loaded, mine["answers"][status], key=lambda one: (one["score"], -one["length"]))
            headers = {*loaded["headers"], *mine["answers"][status]["headers"]}
            mine["answers"][status] = {**best, "headers": headers, "seen": loaded["seen"]}


def _keep(seen: dict[str, Kept], before: dict[str, Any]) -> None:
    """What was told is told on, of all operations: shapes are found among all of them."""
    shapes = {**_shapes_before(), "Problem": PROBLEM, "FieldError": FIELD_ERROR}
    for key, told in before.items():
        mine = seen.setdefault(key, {"refusals": set(), "answers": {}})
        mine["refusals"] |= set(told.get("refusals", ()))
        for status, answer in told["answers"].items():
            known, headers = Seen.of(answer.get("schema", {}), shapes), {*answer.get("headers", ())}
            if status in mine["answers"]:
                known.merge(mine["answers"][status]["seen"])
                headers |= {*mine["answers"][status]["headers"]}
            kept = {"type": answer["type"], "headers": headers, "seen": known, "request": None}
            mine["answers"][status] = {**kept, "example": answer.get("example")}
        if "request" in told:
            mine["request"] = told["request"]


def _shapes(seen: dict[str, Kept]) -> dict[frozenset[str], tuple[str, Seen]]:
    """Objects of the same members in two places or more, taken together, each with its name."""
    places: dict[frozenset[str], list[tuple[str, str, Seen]]] = defaultdict(list)
    for key, told in sorted(seen.items()):
        for status, answer in told["answers"].items():
            if int(status) < 300:
                for name, part in answer["seen"].parts(""):
                    if part.shape is not None and len(part) >= _FEW:
                        places[part.shape].append((key, name, part))
    found: dict[frozenset[str], tuple[str, Seen]] = {}
    taken = {"FieldError"} | _models()
    for shape, parts in sorted(places.items(), key=lambda one: (-len(one[1]), sorted(one[0]))):
        known = shape & CORES.keys() or any(key in NAMES and not name for key, name, _ in parts)
        if len(parts) < 2 and not known:
            continue
        together = Seen()
        for _, _, part in parts:
            together.merge(part)
        core = next((each for each in shape if each in CORES), None)
        name = core or _name([(key, name) for key, name, _ in parts], taken | CORES.keys())
        taken.add(name)
        found[shape] = (name, together)
    return found


def _names(found: dict[frozenset[str], tuple[str, Seen]]) -> dict[frozenset[str], str]:
    return {shape: name for shape, (name, _) in found.items()}


def _name(places: list[tuple[str, str]], taken: set[str]) -> str:
    """By the operation whose whole answer or row it is, else by the member that it stands in."""
    wishes = [NAMES[key] for key, name in places if not name and key in NAMES]
    wholes = [key for key, name in places if name in {"", "data"}]
    one = [key for key in wholes if key.startswith("GET") and key.endswith("}")]
    wishes += [_noun(key) for key in one + wholes]
    wishes += [_camel(_one_of(name)) for _, name in places if name]
    wishes += [f"{_noun(key)}{_camel(_one_of(name))}" for key, name in places]
    wishes += [f"{wishes[-1]}{n}" for n in range(2, 20)]
    return next(wish for wish in wishes if wish not in taken)


def _models() -> set[str]:
    """Names of models: those of requests are components, too."""
    import saas.app  # noqa: F401 - brings them all

    def below(kind: type[BaseModel]) -> set[str]:
        return {kind.__name__}.union(*(below(one) for one in kind.__subclasses__()))

    return below(BaseModel)


def _noun(key: str) -> str:
    parts = [p for p in re.split(r"[/:.]", key.partition("/v1/")[2]) if p and not p.startswith("{")]
    parts = parts[1:] if len(parts) > 1 and parts[0] in {"members", "reports"} else parts
    return "".join(_camel(_one_of(part)) for part in parts)


def _one_of(word: str) -> str:
    for many, one in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("s", "")):
        if word.endswith(many) and not word.endswith("status"):
            return word[: -len(many)] + one
    return word


def _camel(word: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[_-]", word))


def _written(told: Kept, named: dict[frozenset[str], str]) -> Kept:
    out: Kept = {"answers": {}}
    sent = [answer for _, answer in sorted(told["answers"].items()) if answer["request"] is not None]
    if "request" in told:
        out["request"] = _short(told["request"])
    elif sent:
        out["request"] = _short(max(sent, key=lambda one: one["score"])["request"])
        if isinstance(out["request"].get("items"), list):  # the others are there to fail
            out["request"]["items"] = out["request"]["items"][:1]
    for status, answer in sorted(told["answers"].items()):
        if answer["type"] is None:
            out["answers"][status] = {"type": None}
            continue
        json_ = answer["type"] == "application/json"
        schema = answer["seen"].schema(named) if json_ else {"type": "string"}
        example = _short(answer["example"]) if json_ else _clean(str(answer["example"])[:400])
        out["answers"][status] = {"type": answer["type"], "schema": schema, "example": example}
        if answer["headers"]:
            out["answers"][status]["headers"] = sorted(answer["headers"])
    out["refusals"] = sorted(told["refusals"])
    return out


def _short(value: Any) -> Any:
    """Long lists cut, secrets made unreadable."""
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value[:_LONG_LIST]]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _before() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in FOLDER.glob("[!_]*.json"):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def _shapes_before() -> dict[str, Any]:
    path = FOLDER / SHAPES
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _by_place(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    places: dict[str, dict[str, Any]] = defaultdict(dict)
    for key in sorted(told, key=lambda one: (one.partition(" ")[2], one)):
        place = re.split(r"[/:.]", key.partition(" ")[2].removeprefix("/v1").strip("/"))[0]
        places[place][key] = told[key]
    return places


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

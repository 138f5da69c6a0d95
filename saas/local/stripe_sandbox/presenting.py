"""How stored objects are shown: expanded as asked, without what is ours."""

from typing import Any, get_args

from saas.local.stripe_sandbox import responses
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.store import Object, Store

_DEEPEST = 4
_PLAIN = (str, int, bool, float, type(None))


def shown(store: Store, obj: Any, expand: tuple[str, ...] = ()) -> Any:
    """`obj` (an object, or a list) with the `expand` paths filled in and our own keys left out; changes nothing."""
    for path in expand:
        parts = path.split(".")
        if len(parts) > _DEEPEST + (parts[0] == "data"):
            raise invalid(f"You cannot expand more than {_DEEPEST} levels of a property: {path}", "expand")
        obj = _expanded(store, obj, parts, path)
    return public(obj)


def public(obj: Any) -> Any:
    """Without the keys that begin with an underscore, at every depth."""
    if isinstance(obj, dict):
        return {key: public(value) for key, value in obj.items() if not key.startswith("_")}
    return [public(value) for value in obj] if isinstance(obj, list) else obj


def _expanded(store: Store, obj: Any, parts: list[str], path: str) -> Any:
    if not parts or obj is None:
        return obj
    if isinstance(obj, list):
        return [_expanded(store, item, parts, path) for item in obj]
    name, *rest = parts
    if not isinstance(obj, dict) or not _expandable(obj, name):
        raise invalid(
            f"This property cannot be expanded ({name}). You may want to try expanding 'data.{path}' instead.",
            "expand",
        )
    value = obj.get(name, obj.get(f"_{name}"))
    if isinstance(value, str):
        value = _object(store, value, name)
    return {**obj, name: _expanded(store, value, rest, path)} if value is not None else obj


def _object(store: Store, object_id: str, name: str) -> Object:
    found = store.get(object_id)
    if found is None:
        raise invalid(f"This property cannot be expanded ({name}).", "expand")
    return found


def _expandable(obj: Object, name: str) -> bool:
    """Whether there may be more to show under the key; inside an object without a name of its own anything may."""
    kind = responses.resource_class(str(obj.get("object")))
    if kind is None or obj["object"] == "list":
        return name in obj
    hint = responses.keys(kind).get(name)
    return hint is not None and any(part not in _PLAIN for part in get_args(hint) or (hint,))

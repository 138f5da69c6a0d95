"""Answers are held against the SDK's resource classes: no key that they don't know, none missing, no strange word."""

import builtins
import inspect
import sys
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stripe._object_classes import OBJECT_CLASSES, V2_OBJECT_CLASSES
from stripe._stripe_object import StripeObject
from stripe.events._event_classes import get_v2_event_class


class WrongAnswerError(Exception):
    """The sandbox was about to say something that Stripe would not: a mistake of ours."""


class _Names(dict[str, Any]):
    """Names that the SDK imports for type checkers only stand for anything."""

    def __init__(self, module: str) -> None:
        self._known = vars(sys.modules[module]).keys() | vars(builtins).keys()

    def __missing__(self, name: str) -> Any:
        if name in self._known:
            raise KeyError(name)
        return Any


@lru_cache
def resource_class(name: str) -> type | None:
    """The SDK's class of objects whose `object` is `name`."""
    reference = {**OBJECT_CLASSES, **V2_OBJECT_CLASSES}.get(name)
    if reference is None:
        return None
    module, plain = reference
    found: type = getattr(__import__(module, fromlist=[plain]), plain)
    return found


@lru_cache
def keys(kind: Any) -> dict[str, Any]:
    """The keys that objects of the class may have, and their types."""
    own = [
        name
        for part in kind.__mro__
        if StripeObject in part.__mro__[1:]
        for name, hint in inspect.get_annotations(part).items()
        if not (name.startswith("_") or str(hint).startswith("typing.ClassVar"))
    ]
    hints = get_type_hints(kind, localns=_Names(kind.__module__))
    return {name: hints[name] for name in own}


def check(value: Any, path: str = "") -> None:
    """Check an answer and everything in it. Raises WrongAnswerError that names the place."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            check(item, f"{path}[{number}]")
    elif isinstance(value, dict) and isinstance(name := value.get("object"), str):
        kind = get_v2_event_class(value["type"]) if name == "v2.core.event" else resource_class(name)
        if name == "list":
            check(value["data"], f"{path}.data")
        elif value.get("deleted") is not True:
            if kind is None:
                raise WrongAnswerError(f"{path}: the SDK has no object {name!r}")
            _check_keys(kind, value, path or name)


def _check_keys(kind: type, given: dict[str, Any], path: str) -> None:
    known = keys(kind)
    for key in given:
        if key not in known:
            raise WrongAnswerError(f"{path}.{key}: {kind.__qualname__} has no such key")
    for key, hint in known.items():
        optional = type(None) in get_args(hint)
        if given.get(key) is None:
            if not optional and hint is not Any:
                raise WrongAnswerError(f"{path}.{key} is missing")
        else:
            _check_value(hint, given[key], f"{path}.{key}")


def _check_value(hint: Any, given: Any, path: str) -> None:
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if isinstance(given, dict) and isinstance(given.get("object"), str):
        check(given, path)
    elif isinstance(given, dict):
        for kind in filter(_has_keys, kinds):
            _check_keys(kind, given, path)
    elif isinstance(given, list):
        lists = [kind for kind in kinds if get_origin(kind) is list]
        if not lists and Any not in kinds:
            raise WrongAnswerError(f"{path} is a list")
        for number, item in enumerate(given):
            for kind in lists[:1]:
                _check_value(get_args(kind)[0], item, f"{path}[{number}]")
    elif words and isinstance(given, str) and given not in words:
        raise WrongAnswerError(f"{path}: {given!r} is none of {words}")
    elif not words and not any(_fits(kind, given) for kind in kinds):
        raise WrongAnswerError(f"{path}: {given!r} isn't {hint}")


def _has_keys(kind: Any) -> bool:
    return StripeObject in getattr(kind, "__mro__", ()) and bool(keys(kind))


def _fits(kind: Any, given: Any) -> bool:
    if kind is Decimal:
        return isinstance(given, str)
    if kind is float:
        return isinstance(given, (int, float)) and not isinstance(given, bool)
    if kind in {str, int, bool}:
        return type(given) is kind
    return kind is Any or isinstance(kind, type(Any))

"""Requests are held against the installed SDK's own parameter types: the sandbox is of the SDK's very version."""

import importlib
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import UnionType
from typing import Any, Final, Literal, NotRequired, Union, get_args, get_origin

from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import get_type_hints, is_typeddict

from saas.local.stripe_sandbox.errors import ContractError

API_VERSION: Final = "2026-10-28.endive"
"""The version that the sandbox was written for and compared with; a test fails when the SDK's moves."""

_OPTIONS: Final = frozenset(RequestOptions.__annotations__)


@lru_cache
def params_class(name: str) -> type:
    """`billing.MeterCreateParams` of `stripe.params`. Raises LookupError if the SDK has none of that name."""
    package, _, plain = name.rpartition(".")
    module = "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    path = ".".join(filter(None, ("stripe.params", package, module)))
    try:
        found: type = getattr(importlib.import_module(path), plain)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"stripe {path} has no {plain}") from error
    return found


@lru_cache
def fields(kind: type) -> dict[str, tuple[Any, bool]]:
    """Its parameters: (type, whether required)."""
    hints = get_type_hints(kind, localns=dict.fromkeys(("StripeContext", "Mapping"), dict), include_extras=True)
    return {
        name: (get_args(hint)[0], False) if _origin(hint) is NotRequired else (hint, True)
        for name, hint in hints.items()
        if name not in _OPTIONS
    }


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def typed(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The form's text as the types that Stripe reads it as; ContractError as Stripe words it."""
    result = _object(params_class(name), given, "")
    assert isinstance(result, dict)  # noqa: S101 - for the type checker
    return result


def _object(kind: type, given: Any, path: str) -> Any:
    if not isinstance(given, dict):
        raise ContractError(f"Invalid object: {path}", param=path)
    known = fields(kind)
    for key in given:
        if key not in known:
            param = f"{path}[{key}]" if path else key
            raise ContractError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
    for key, (_, required) in known.items():
        if required and key not in given:
            param = f"{path}[{key}]" if path else key
            raise ContractError(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return {key: _value(known[key][0], value, f"{path}[{key}]" if path else key) for key, value in given.items()}


def _value(kind: Any, given: Any, path: str) -> Any:
    origin = _origin(kind)
    if origin in {Union, UnionType}:
        return _one_of([part for part in get_args(kind) if not _untyped(part)], given, path)
    if origin is list:
        return _list(get_args(kind)[0], given, path)
    if origin is dict:
        if not isinstance(given, dict):
            raise ContractError(f"Invalid object: {path}", param=path)
        return {key: _may_be_empty(get_args(kind)[1], value, f"{path}[{key}]") for key, value in given.items()}
    if is_typeddict(kind):
        return _object(kind, given, path)
    return _one_of([kind], given, path)


def _untyped(kind: Any) -> bool:
    return _origin(kind) is UntypedStripeObject or kind is type(None)


def _may_be_empty(kind: Any, given: Any, path: str) -> Any:
    """A value in a map: an empty one takes the key away."""
    return "" if given == "" else _value(kind, given, path)


def _list(kind: Any, given: Any, path: str) -> list[Any]:
    if isinstance(given, dict) and all(key.isdecimal() for key in given):
        given = [given[key] for key in sorted(given, key=int)]
    if not isinstance(given, list):
        raise ContractError(f"Invalid array: {path}", param=path)
    return [_value(kind, value, f"{path}[{number}]") for number, value in enumerate(given)]


def _one_of(kinds: list[Any], given: Any, path: str) -> Any:
    """A value of one of several types. An open set of the SDK (`Literal[…]|str`) is closed here, as it is at Stripe."""
    words = [word for kind in kinds if _origin(kind) is Literal for word in get_args(kind)]
    if isinstance(given, str):
        return _scalar([kind for kind in kinds if isinstance(kind, type)], words, given, path)
    if not isinstance(given, (dict, list)):  # JSON, of /v2
        if type(given) in kinds:
            return given
        raise ContractError(f"Invalid value: {given}", param=path)
    numbered = isinstance(given, list) or all(key.isdecimal() for key in given)
    shapes = sorted(
        (kind for kind in kinds if _origin(kind) in {list, dict} or is_typeddict(kind)),
        key=lambda kind: (_origin(kind) is list) != numbered,
    )
    if not shapes:
        raise ContractError(f"Invalid string: {given}", param=path)
    return _value(shapes[0], given, path)


def _scalar(kinds: list[type], words: list[str], given: str, path: str) -> Any:
    if given in words:
        return given
    if given == "":
        raise ContractError(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty "
            "value.",
            code="parameter_invalid_empty",
            param=path,
        )
    for kind in kinds:
        read = _read(kind, given)
        if read is not None:
            return read
    choices = [word for word in words if word]
    if str in kinds and not choices:
        return given
    if choices and not {int, float, Decimal} & set(kinds):
        listed = " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
        raise ContractError(f"Invalid {path}: must be one of {listed}", param=path)
    name = {int: "integer", bool: "boolean", float: "number", Decimal: "decimal"}.get(kinds[0] if kinds else str)
    raise ContractError(
        f"Invalid {name or 'object'}: {given}",
        code="parameter_invalid_integer" if name == "integer" else None,
        param=path,
    )


def _read(kind: type, given: str) -> Any:
    """`given` as a number or a truth value; None if it isn't one."""
    if kind is bool:
        return {"true": True, "false": False}.get(given)
    if kind is int:
        return int(given) if re.fullmatch(r"-?[0-9]{1,18}", given) else None
    if kind in {float, Decimal}:
        try:
            number = Decimal(given)
        except InvalidOperation:
            return None
        return (number if kind is Decimal else float(number)) if number.is_finite() else None
    return None

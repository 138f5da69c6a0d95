"""Stripe's form encoding: `items[0][price]=price_1` to nested dicts, lists as dicts of their numbers or of `[]`."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl

from saas.local.stripe_sandbox.errors import ContractError

_KEY: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_SECRETS: Final = ("number", "cvc", "token", "secret")

Pairs = list[tuple[str, str]]


def pairs(text: str) -> Pairs:
    """The fields in their order."""
    return parse_qsl(text, keep_blank_values=True)


def nested(fields: Pairs) -> dict[str, Any]:
    """`a[b]=1` as {"a": {"b": "1"}}, `a[0]=1` as {"a": {"0": "1"}}, `a[]=1&a[]=2` as {"a": ["1", "2"]}."""
    result: dict[str, Any] = {}
    for key, value in fields:
        match = _KEY.fullmatch(key)
        if match is None:
            raise ContractError(f"Received unknown parameter: {key}", code="parameter_unknown", param=key)
        _place(result, [match[1], *_PART.findall(match[2])], value, key)
    return result


def _place(result: dict[str, Any], path: list[str], value: str, key: str) -> None:
    at: Any = result
    *way, last = path
    is_list = last == "" and way
    if is_list:
        *way, last = way
    for part in way:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            raise ContractError(f"Invalid object: {key} was given twice, in different shapes.", param=key)
    if not is_list:
        at[last] = value
    elif isinstance(found := at.setdefault(last, []), list):
        found.append(value)
    else:
        raise ContractError(f"Invalid array: {key} was given twice, in different shapes.", param=key)


def masked(fields: Pairs) -> Pairs:
    """As they may be kept: without card numbers and secrets."""
    return [(key, "***" if key.rstrip("]").rpartition("[")[2] in _SECRETS else value) for key, value in fields]

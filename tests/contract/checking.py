"""Answers held against the contract: their status, their type, their schema, and the problem that they name."""

import json
from typing import Any

import jsonschema_rs

from contract.recorder import Exchange

_BAD = 400
_PROBLEM_PARTS = ("Problem", "FieldError")


class Checker:
    """Call it with each exchange; `wrong` says what isn't as the contract tells."""

    def __init__(self, contract: dict[str, Any]) -> None:
        self._contract = contract
        self._told: dict[tuple[str, int, str], jsonschema_rs.Draft202012Validator | str | None] = {}
        self.wrong: list[str] = []
        self.answered: set[str] = set()

    def __call__(self, exchange: Exchange) -> None:
        key, _, response, raw = exchange
        if response.is_success:
            self.answered.add(key)
        kind = response.headers.get("content-type", "").partition(";")[0]
        place = key, response.status_code, kind if raw else ""
        if place not in self._told:
            self._told[place] = self._find(*place)
        told = self._told[place]
        if isinstance(told, str):
            self.wrong.append(told)
        elif told is not None:
            value = json.loads(raw)
            if not told.is_valid(value):
                self.wrong += [
                    f"{key} {response.status_code} /{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
                    for error in told.iter_errors(value)
                ]

    def _find(self, key: str, status: int, kind: str) -> jsonschema_rs.Draft202012Validator | str | None:
        """What holds such an answer against its schema, what is wrong with it, or None: nothing to look at."""
        method, path = key.split(" ")
        told = self._contract["paths"][path][method.lower()]["responses"].get(str(status))
        if told is None:
            return f"{key}: {status} isn't told"
        contents = self._resolved(told).get("content", {})
        if kind not in contents:
            return f"{key}: {status} as {kind!r} isn't told" if contents or kind else None
        return self._validator(contents[kind]["schema"], status) if kind.endswith("json") else None

    def _validator(self, schema: dict[str, Any], status: int) -> jsonschema_rs.Draft202012Validator:
        known = self._contract["components"]["schemas"]
        if status >= _BAD:  # hundreds of them, which need no more
            known = {name: known[name] for name in _PROBLEM_PARTS}
        return jsonschema_rs.Draft202012Validator({**schema, "components": {"schemas": known}}, validate_formats=True)

    def _resolved(self, told: dict[str, Any]) -> dict[str, Any]:
        found: Any = told
        while "$ref" in found:
            name = found["$ref"].rpartition("/")[2]
            found = self._contract["components"]["responses"][name]
        return dict(found)

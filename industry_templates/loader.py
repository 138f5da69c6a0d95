"""The industry templates that come with the product: one JSON file each, checked when it's read.

What every template starts with (segments, campaigns, their messages and coupons) is written once, in `every.json`; a
template's own item of the same code takes its place.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from industry_templates.fits import parse_template
from industry_templates.schema import Template

_EVERY: Final = "every.json"
_SHARED: Final = ("segments", "coupons", "campaigns", "messages")


class UnknownTemplateError(LookupError):
    """No template has this code."""


@cache
def load_all() -> Mapping[str, Template]:
    """Every template by its code, in the order of the codes.

    Raises pydantic's ValidationError for a file that breaks the schema: a fault of ours, not of a request.
    """
    templates = (parse_template(document) for document in documents().values())
    return MappingProxyType({template.code: template for template in templates})


def documents() -> dict[str, dict[str, Any]]:
    """Each template's complete JSON data, by its file's name without the ending."""
    folder = files("industry_templates") / "data"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    read = {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in names}
    every = read.pop(_EVERY)
    return {name.removesuffix(".json"): _complete(own, every) for name, own in read.items()}


def _complete(own: dict[str, Any], every: dict[str, Any]) -> dict[str, Any]:
    def both(part: str) -> list[Any]:
        listed = own.get(part, [])
        taken = {item["code"] for item in listed}
        return [*listed, *(item for item in every[part] if item["code"] not in taken)]

    return {**own, **{part: both(part) for part in _SHARED}}


def get(code: str) -> Template:
    """The template of this code; UnknownTemplateError without one."""
    try:
        return load_all()[code]
    except KeyError:
        raise UnknownTemplateError(code) from None

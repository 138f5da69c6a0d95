"""The industry templates that come with the product: one JSON file each, checked when it's read."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from industry_templates.schema import Template


class UnknownTemplateError(LookupError):
    """No template has this code."""


@cache
def load_all() -> Mapping[str, Template]:
    """Every template by its code, in the order of the codes.

    Raises pydantic's ValidationError for a file that breaks the schema: a fault of ours, not of a request.
    """
    folder = files("industry_templates") / "data"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    templates = (Template.model_validate(json.loads((folder / name).read_text(encoding="utf-8"))) for name in names)
    return MappingProxyType({template.code: template for template in templates})


def get(code: str) -> Template:
    """The template of this code; UnknownTemplateError without one."""
    try:
        return load_all()[code]
    except KeyError:
        raise UnknownTemplateError(code) from None

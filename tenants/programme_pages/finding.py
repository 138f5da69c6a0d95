"""Parts of a draft by their codes: the draft may have faults, its codes are always such."""

from collections.abc import Mapping
from typing import Any

from saas.errors import DomainError
from saas.errors import pointer as json_pointer
from tenants.programme_pages.drafting import Draft

Json = dict[str, Any]


def ladder_at(document: Mapping[str, Any], code: str) -> int:
    """The place of a ladder. Raises DomainError `not-found`."""
    return _place(document.get("ladders"), code)


def tier_at(ladder: Mapping[str, Any], code: str) -> int:
    """The rank of a tier. Raises DomainError `not-found`."""
    return _place(ladder.get("tiers"), code)


def _place(items: Any, code: str) -> int:
    for n, item in enumerate(items or ()):
        if item.get("code") == code:
            return n
    raise DomainError("not-found")


def name_of(draft: Draft, item: Mapping[str, Any]) -> str:
    """What a ladder or tier is called in the reader's language."""
    names = item.get("names") or {}
    return str(names.get(draft.language) or names.get("zh-CN") or names.get("en") or item.get("code") or "")


def place_of(document: Mapping[str, Any], at: str) -> str:
    """The page on which a pointer's part is edited, with the way to it."""
    parts = at.split("/")[1:]
    if parts[:1] == ["ladders"] and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(document["ladders"]):
        ladder = document["ladders"][int(parts[1])]
        base = f"/programme/ladders/{ladder['code']}"
        if parts[2:3] == ["tiers"] and len(parts) > 3 and parts[3].isdigit() and int(parts[3]) < len(ladder["tiers"]):  # noqa: PLR2004
            return f"{base}/tiers/{ladder['tiers'][int(parts[3])]['code']}"
        return base
    return _SECTIONS.get(parts[0] if parts else "", "/programme/tiers")


def also_edited(section: str, path: str) -> None:
    """Registers the page of another part of the document."""
    _SECTIONS[section] = path


_SECTIONS: dict[str, str] = {}

__all__ = ["Json", "also_edited", "json_pointer", "ladder_at", "name_of", "place_of", "tier_at"]

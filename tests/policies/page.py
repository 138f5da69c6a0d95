"""Reads docs/policies.md: its rows, and the rules that hold for a section or for the whole page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
HEAD = ["№", "rules", "what happens", "outcome", "why"]
_DEFAULTS = re.compile(r"Unless section or row say otherwise: `(.+?)`\.")
_SECTION = re.compile(r"Rules here: `(.+)`")


@dataclass(frozen=True)
class Row:
    """One row, its rules with the section's and the page's before them: the later of two of a name holds."""

    number: str
    rules: str
    happens: str
    outcome: str
    warnings: bool  # whether its outcome lists them


def rows() -> list[Row]:
    """Every row of the page. A table line that isn't one is refused."""
    return list(_rows(PAGE.read_text(encoding="utf-8")))


def _rows(text: str) -> Iterator[Row]:
    found = _DEFAULTS.search(text)
    if found is None:
        raise ValueError("the page doesn't say what holds by default")
    page, section, warnings = found.group(1), "", False
    for line in text.splitlines():
        if line.startswith("## "):
            section, warnings = "", line.startswith("## Warnings")
        elif line.startswith("Rules here:"):
            section = _section(line)
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells == HEAD or set("".join(cells)) <= set("- "):
                continue
            if len(cells) != len(HEAD) or not all(cells[n] for n in (0, 2, 3, 4)):
                raise ValueError(f"not a row: {line}")
            rules = "; ".join(part for part in (page, section, cells[1]) if part)
            yield Row(cells[0], rules, cells[2], cells[3], warnings)


def _section(line: str) -> str:
    found = _SECTION.fullmatch(line)
    if found is None:
        raise ValueError(f"rules that aren't understood: {line}")
    return found.group(1)

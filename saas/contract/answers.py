"""What the operations answer: schemas and examples, kept in `answers/` beside this file, by the path's first part.

They are learned from answers that the product gave, by `python -m tests.contract.learn`, and held against every answer
that the tests see. New members may come to an answer at any time, so no schema closes it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("answers")
SHAPES: Final = "_shapes.json"

Kept = Mapping[str, Any]
"""Of an operation: `request` (an example), `answers` (by status: `type`, `schema`, `example`, `headers` of its own),
`refusals` (codes of those that no rule tells).
"""


@cache
def kept() -> Mapping[str, Kept]:
    """By operation, `GET /v1/branches`."""
    found: dict[str, Kept] = {}
    for path in sorted(FOLDER.glob("[!_]*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def shapes() -> Mapping[str, Any]:
    """The schemas that several answers share, by name."""
    path = FOLDER / SHAPES
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found

"""What became of one thing of a set-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from saas.errors import DomainError

Part = Literal[
    "programme",
    "coupons",
    "price_lists",
    "segments",
    "rewards",
    "message_texts",
    "campaigns",
    "task_rules",
    "settings",
    "join_page",
]
Outcome = Literal["added", "changed", "same", "refused"]


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one thing. `code` is empty where there is but one. `fields`: what of it changed; of the rules,
    what changes in plain words. `error`: why it was refused.
    """

    part: Part
    code: str
    names: Mapping[str, str]
    outcome: Outcome
    fields: tuple[str, ...] = ()
    error: DomainError | None = None

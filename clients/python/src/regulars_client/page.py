"""One page of a list, whichever client asked for it."""

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from regulars_client.call import Call

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_cursor` None: the last one. Kept, it goes on there later: `cursor=page.next_cursor`."""

    data: list[T]
    next_cursor: str | None


def page_of(answer: Any) -> Page[Any]:
    return Page(answer["data"], answer["next_cursor"])


def following(call: Call[Any], cursor: str) -> Call[Any]:
    """The call that asks for the page behind."""
    return replace(call, query={**call.query, "cursor": cursor})

"""Lists, for the client that waits for each answer: iterate, and the pages are fetched as they are needed.

Made from async_pages.py by `make client`: don't change it by hand.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from regulars_client.call import Call
from regulars_client.page import Page, following, page_of

T = TypeVar("T")


class Pages(Generic[T]):
    """`for each in …` walks the whole list, `first()` is its first page, `pages()` one after the other."""

    def __init__(self, send: Callable[[Call[Any]], Any], call: Call[Any]) -> None:
        self._send, self._call = send, call

    def first(self) -> Page[T]:
        return page_of(self._send(self._call))

    def pages(self) -> Iterator[Page[T]]:
        page = self.first()
        yield page
        while page.next_cursor is not None:
            page = page_of(self._send(following(self._call, page.next_cursor)))
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for each in page.data:
                yield each

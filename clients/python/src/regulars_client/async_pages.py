"""Lists, for the client for asyncio and trio: iterate, and the pages are fetched as they are needed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from regulars_client.call import Call
from regulars_client.page import Page, following, page_of

T = TypeVar("T")


class AsyncPages(Generic[T]):
    """`async for each in …` walks the whole list, `await first()` is its first page, `pages()` one after the other."""

    def __init__(self, send: Callable[[Call[Any]], Awaitable[Any]], call: Call[Any]) -> None:
        self._send, self._call = send, call

    async def first(self) -> Page[T]:
        return page_of(await self._send(self._call))

    async def pages(self) -> AsyncIterator[Page[T]]:
        page = await self.first()
        yield page
        while page.next_cursor is not None:
            page = page_of(await self._send(following(self._call, page.next_cursor)))
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for each in page.data:
                yield each

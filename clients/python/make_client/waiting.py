"""The threaded half of the client, from the awaited one: the same text, word by word, that waits instead of awaiting.

Both halves do the same, so one of them is written and the other one follows; `httpx` and others are made so, too.
"""

import re
from collections.abc import Mapping
from typing import Final

from make_client.marks import made

SOURCES: Final[Mapping[str, str]] = {"async_client.py": "client.py", "async_pages.py": "pages.py"}
"""What is written by hand, and the module that it becomes."""

_WORDS: Final[Mapping[str, str]] = {
    "AsyncApi": "Api",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "AsyncPages": "Pages",
    "AsyncRegulars": "Regulars",
    "Awaitable[Any]": "Any",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "anyio.Path": "Path",
    "anyio.sleep": "time.sleep",
    "aread": "read",
    "async_api": "sync_api",
    "async_pages": "pages",
    "async def": "def",
    "async for": "for",
    "async with": "with",
    "import anyio": "import time\nfrom pathlib import Path",
    "between tasks of one loop": "between threads",
    "for asyncio and trio": "that waits for each answer",
}
_FOUND: Final = re.compile(
    "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(_WORDS, key=len, reverse=True))
)
_AWAIT: Final = re.compile(r"\bawait ")
_EXCUSED: Final = re.compile(r"  # noqa: ASYNC\d+")


def waiting(text: str) -> str:
    """The module `text` without awaiting; its imports aren't in order yet."""
    found = _FOUND.sub(lambda match: _WORDS[match[0]], _EXCUSED.sub("", text))
    return _AWAIT.sub("", found)


def follows(text: str, source: str) -> str:
    """A whole module that follows `source`, and says so in its head."""
    head, quotes, rest = waiting(text).partition('"""\n')
    return f"{head}\n\n{made(source)}\n{quotes}{rest}"

"""A customer's server: it writes down what it hears and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


Answer = int | Callable[[], Awaitable[int]]
"""A status, or what is done before one."""


@dataclass
class Receiver:
    """`answers` are given one after the other, `answer` behind them."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answer: Answer = 200
    answers: list[Answer] = field(default_factory=list)
    headers: str = ""
    said: bytes = b"ok"

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.heard]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.heard.append(Heard(head[0].split(" ")[1], headers, body))
            answer = self.answers.pop(0) if self.answers else self.answer
            status = answer if isinstance(answer, int) else await answer()
            lines = f"HTTP/1.1 {status} Said\r\n{self.headers}Content-Length: {len(self.said)}\r\n\r\n"
            writer.write(lines.encode() + self.said)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the other side didn't wait
        finally:
            writer.close()


@asynccontextmanager
async def receiving(**how: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**how)
    server = await asyncio.start_server(receiver.talk, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()

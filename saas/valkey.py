"""One connection to Valkey that everything in a process shares.

What is asked while an answer is on its way goes out together as the next message: beside a connection each that saves
three quarters of the time. The protocol, passwords and TLS are redis-py's.
"""

import asyncio
import math
from collections.abc import MutableMapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from saas.settings import get_settings

_SECONDS: Final = 0.5
"""How long one message and its answers may take, a new connection included."""

Asked = tuple[tuple[Any, ...], asyncio.Future[Any]]


class Line:
    """Sends commands of any number of tasks over one connection, in their order.

    It connects when it is first asked, and anew after a failure. Belongs to the event loop that first asked.
    """

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0))
        self._connection: AbstractConnection | None = None
        self._waiting: list[Asked] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, *command: Any) -> Any:
        """The command's answer. Raises redis's errors, OSError, or TimeoutError after half a second."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await answer

    async def close(self) -> None:
        """Ends the connection; whoever still waits is told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._hang_up()

    async def _work(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                async with asyncio.timeout(_SECONDS):
                    answers = await self._exchange_on_a_living_one(asked)
            except (RedisError, OSError, TimeoutError) as error:
                await self._fail(asked, error)
            except BaseException:
                await self._fail(asked, ConnectionResetError("the line was closed"))
                raise
            else:
                for (_, waits), answer in zip(asked, answers, strict=True):
                    _tell(waits, answer)

    async def _exchange_on_a_living_one(self, asked: list[Asked]) -> list[Any]:
        """That the other side has ended a connection is only found out by using it. What was carried out though its
        answer was lost is carried out twice: throttles then count one try too many.
        """
        if self._connection is not None:
            try:
                return await self._exchange(asked)
            except (RedisError, OSError):
                await self._hang_up()
        return await self._exchange(asked)

    async def _exchange(self, asked: list[Asked]) -> list[Any]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            await connection.connect()
        packed = [part for command, _ in asked for part in connection.pack_command(*command)]
        await connection.send_packed_command(packed, check_health=False)
        return [await _answer(connection) for _ in asked]

    async def _fail(self, asked: list[Asked], error: Exception) -> None:
        """Who asked is told; the connection is not used again: nobody knows what is still on its way."""
        for _, waits in asked:
            _tell(waits, error)
        await self._hang_up()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)


_lines: MutableMapping[asyncio.AbstractEventLoop, dict[str, Line]] = WeakKeyDictionary()


def line() -> Line:
    """The running event loop's, to the settings' Valkey."""
    url = get_settings().redis_url.get_secret_value()
    lines = _lines.setdefault(asyncio.get_running_loop(), {})
    if url not in lines:
        lines[url] = Line(url)
    return lines[url]


async def close_lines() -> None:
    """Ends the running event loop's."""
    for each in _lines.pop(asyncio.get_running_loop(), {}).values():
        await each.close()


async def _answer(connection: AbstractConnection) -> Any:
    """The next answer; a refusal of the one command is an answer, too."""
    try:
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error


def _tell(waits: asyncio.Future[Any], answer: Any) -> None:
    if waits.done():  # who asked has gone
        return
    if isinstance(answer, Exception):
        waits.set_exception(answer)
    else:
        waits.set_result(answer)

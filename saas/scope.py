"""The tenant scope: one transaction in which the database shows one tenant's rows.

Only this module opens transactions. Scopes never nest; the queries of one scope run one after the
other on its connection. Piccolo finds the connection as its engine's current transaction.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

import asyncpg

from saas.db import ENGINE, Connection, app_pool
from saas.principal import SYSTEM, Principal
from saas.settings import get_settings

log = logging.getLogger(__name__)

ACQUIRE_SECONDS: Final = 10.0
"""How long a request or job waits for a connection; TimeoutError after that. A full pool must answer, not hang."""


_REPEATABLE: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ"


def clock_lock(tenant_id: UUID) -> int:
    """The advisory lock of a clock that can be moved: who writes there shares it until the end, and who moves the
    clock has it alone, so that nothing is stamped before a move and committed behind it.
    """
    return int.from_bytes(tenant_id.bytes[8:], signed=True)


class ScopeClosedError(RuntimeError):
    """A query outside a scope, or after its end (a stream, a background task)."""


class CommitFailedError(RuntimeError):
    """COMMIT was answered with something else: nothing was written."""


@dataclass(slots=True)
class Scope:
    """What the running transaction belongs to. `after_commit` runs once the work is durable.

    `rerunnable`: who opened it runs everything again, in a new transaction, if `begin_again` asks for it.
    `approval`: the token that came with a request whose act somebody above has approved.
    """

    tenant_id: UUID
    principal: Principal
    request_id: str | None
    connection: Connection | None
    after_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    rerunnable: bool = False
    approval: str | None = field(default=None, repr=False)


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope:
    """The scope that is open here. Raises ScopeClosedError outside one."""
    scope = _current.get()
    if scope is None or scope.connection is None:
        raise ScopeClosedError("no tenant scope is open here")
    return scope


class RerunError(Exception):
    """Roll back and run the whole request again: it holds a lock that it shouldn't have waited for."""


def begin_again() -> None:
    """To be called before the next lock by who waited for a row that isn't the right one any more (it was merged
    meanwhile): PostgreSQL keeps such a row locked, and a second lock behind it may be out of order, which ends in a
    deadlock. Raises RerunError where the scope can be run again, once; else goes on.
    """
    if current().rerunnable:
        raise RerunError


def connection() -> Connection:
    """The open scope's connection.

    Raises ScopeClosedError outside one, asyncpg's ConnectionDoesNotExistError where the server has gone meanwhile.
    """
    conn = cast("Connection", current().connection)
    if _gone(conn):
        raise asyncpg.ConnectionDoesNotExistError("the connection was lost within its scope")
    return conn


def _gone(conn: Connection) -> bool:
    """A dead connection returns to its pool by itself; from then on the pool's proxy refuses every call."""
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:
        return True


class _Transaction:
    """What Piccolo's engine takes for its current transaction."""

    @property
    def connection(self) -> Connection:
        return connection()


_TRANSACTION = _Transaction()


class OpenScope:
    """A scope's life by hand, for the middleware: `begin`, then once `commit` or `roll_back`.

    `tenant_id` is a UUID object, so that putting its text into SET LOCAL is safe; BEGIN and the
    settings go in one message. `writes` False: it only reads, and no moving clock minds it.
    """

    def __init__(
        self,
        tenant_id: UUID,
        principal: Principal,
        request_id: str | None,
        *,
        rerunnable: bool = False,
        writes: bool = True,
        begin: str = "BEGIN",
    ) -> None:
        self.scope = Scope(tenant_id, principal, request_id, None, rerunnable=rerunnable)
        self._begin = begin
        held = principal.test and writes
        self._lock = f"; SELECT pg_advisory_xact_lock_shared({clock_lock(tenant_id)})" if held else ""
        self._tokens: tuple[Token[Scope | None], Token[Any]] | None = None

    @property
    def live(self) -> bool:
        return self.scope.connection is not None

    async def begin(self, also: str = "") -> str:
        """Takes a connection and begins; `also` is SQL that goes in the same message. Returns the last tag.

        Raises TimeoutError where no connection becomes free in time, and what PostgreSQL says.
        """
        outer = _current.get()
        if outer is not None and outer.connection is not None:
            raise RuntimeError("scopes don't nest")
        conn = await _taken()
        try:
            tag = await conn.execute(
                f"{self._begin}; SET LOCAL app.tenant_id = '{self.scope.tenant_id}'; "
                f"SET LOCAL lock_timeout = {get_settings().lock_timeout_ms}{self._lock}{also}"
            )
        except asyncpg.PostgresError:  # a key that is still at work elsewhere, mostly: the connection is fine
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await conn.execute("ROLLBACK")
            await _give_back(conn)
            raise
        except BaseException:
            await _give_back(conn)
            raise
        self.scope.connection = conn
        # Piccolo asks its transaction for the connection and nothing else.
        piccolo: Any = ENGINE.current_transaction
        self._tokens = (_current.set(self.scope), piccolo.set(_TRANSACTION))
        return tag

    async def commit(self, also: str = "") -> None:
        """COMMIT, after `also` in the same message. Raises CommitFailedError where it became a ROLLBACK.

        What goes wrong in `after_commit` is logged and no more: the work is durable and must not be called failed.
        """
        tag = await self._end(f"{also}COMMIT")
        if tag != "COMMIT":  # a swallowed SQL error had aborted the transaction
            raise CommitFailedError(tag)
        for action in self.scope.after_commit:
            try:
                await action()
            except Exception:
                log.exception("after commit")

    async def roll_back(self) -> None:
        await self._end("ROLLBACK")

    def leave(self) -> None:
        """Forgets the scope in this context. Call it in the context that called `begin`."""
        if self._tokens is not None:
            _current.reset(self._tokens[0])
            ENGINE.current_transaction.reset(self._tokens[1])
            self._tokens = None

    async def _end(self, sql: str) -> str:
        conn, self.scope.connection = self.scope.connection, None
        if conn is None:
            raise ScopeClosedError("the scope has ended already")
        try:
            return await conn.execute(sql)
        finally:
            await _give_back(conn)


async def _taken() -> Connection:
    """A connection of the pool. Who finds an idle one needs no timer. Raises TimeoutError."""
    pool = app_pool()
    return await pool.acquire(timeout=None if pool.get_idle_size() else ACQUIRE_SECONDS)


async def _give_back(conn: Connection) -> None:
    """Whatever happens to who calls: the pool shields its own work."""
    if not conn.is_closed() and conn.is_in_transaction():
        # Cancelled or failed in the middle of something: its state is unknown, so it isn't reused.
        conn.terminate()
    await app_pool().release(conn, timeout=ACQUIRE_SECONDS)


@asynccontextmanager
async def tenant_scope(
    tenant_id: UUID, *, principal: Principal = SYSTEM, request_id: str | None = None, repeatable: bool = False
) -> AsyncIterator[Scope]:
    """One transaction of `tenant_id`, for jobs and commands: committed at the end, rolled back at an exception.

    `repeatable`: every query sees the tenant as it was at the first one, with what this scope writes; a row that
    somebody else changed meanwhile can't be written, and raises asyncpg's SerializationError.
    Raises CommitFailedError where the commit did not happen.
    """
    begin = _REPEATABLE if repeatable else "BEGIN"
    async with _opened(OpenScope(tenant_id, principal, request_id, begin=begin)) as scope:
        yield scope


@asynccontextmanager
async def snapshot_scope(tenant_id: UUID, *, principal: Principal = SYSTEM) -> AsyncIterator[Scope]:
    """The same, but every query sees the tenant as it was at the first one, and nothing can be written: for what
    compares many rows with each other while the tills go on.
    """
    begin = f"{_REPEATABLE} READ ONLY"
    async with _opened(OpenScope(tenant_id, principal, None, writes=False, begin=begin)) as scope:
        yield scope


@asynccontextmanager
async def _opened(opened: OpenScope) -> AsyncIterator[Scope]:
    await opened.begin()
    try:
        try:
            yield opened.scope
        except BaseException:
            if opened.live:
                await asyncio.shield(_roll_back_quietly(opened))
            raise
        await opened.commit()
    finally:
        opened.leave()


async def _roll_back_quietly(opened: OpenScope) -> None:
    """Rolls back under an exception that is on its way: a broken connection must not hide it."""
    try:
        await opened.roll_back()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.warning("rollback failed: %s", type(error).__name__)

"""A part of a scope that may fail by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saas.scope import connection


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """What is written inside lasts with the scope, unless an exception leaves the block: then it's undone, the
    scope goes on, and the exception with it. Not nested.
    """
    await connection().execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        await connection().execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
        raise
    await connection().execute("RELEASE SAVEPOINT part")

"""`regulars`, for `Forks`. What is imported here is other people's and our foundation: of the rest, each command has to
import what it needs.
"""

import asyncpg  # noqa: F401
import httpx  # noqa: F401
import jinja2  # noqa: F401
import litestar  # noqa: F401
import piccolo.engine.postgres  # noqa: F401
import pydantic  # noqa: F401
import redis.asyncio  # noqa: F401
import stripe  # noqa: F401
import structlog  # noqa: F401

import saas.errors
import saas.scope  # noqa: F401
from saas.cli import main as regulars


def main(*arguments: str) -> None:
    regulars(args=arguments, prog_name="regulars")

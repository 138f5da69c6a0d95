"""How long a client may take over what it sends.

The server gives it 30 seconds for the head of a request (Granian). A body may pause as long, and after that has to have
come at 500 bytes a second, as Apache's mod_reqtimeout asks: thousands of clients that drip bytes would hold memory and
places in the line.
"""

import asyncio
import time
from typing import Final

from litestar.types import HTTPReceiveMessage, Receive

from saas.errors import DomainError

PAUSE: Final = 30.0
"""Seconds."""
SLOWEST: Final = 500.0
"""Bytes a second."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def patient(receive: Receive, *, pause: float = PAUSE, slowest: float = SLOWEST) -> Receive:
    """`receive` that raises DomainError `request-timeout` for a body that doesn't come. What comes after the body (the
    client's good-bye, which streams wait for) may take as long as it likes.
    """
    began = time.monotonic()
    received, complete = 0, False

    async def next_message() -> HTTPReceiveMessage:
        nonlocal received, complete
        if complete:
            return await receive()  # type: ignore[return-value]  # of HTTP alone
        left = began + pause + received / slowest - time.monotonic()
        try:
            async with asyncio.timeout(min(pause, left)):
                message = await receive()
        except TimeoutError:
            raise DomainError("request-timeout", headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            received += len(message["body"])
        complete = message["type"] != "http.request" or not message["more_body"]
        return message  # type: ignore[return-value]  # of HTTP alone

    return next_message

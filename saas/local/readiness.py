"""Questions to the HTTP port, before and after the API has it."""

import asyncio
import errno
import socket

from saas.local.process import LOOPBACK, LocalServiceError, free_port
from saas.local.texts import text


def local_address(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    if host == "0.0.0.0":  # noqa: S104 - compared, not bound  # nosec B104
        return LOOPBACK
    return {"": LOOPBACK, "::": "::1"}.get(host, host)


def refuse_taken_port(host: str, port: int) -> None:
    """LocalServiceError if anybody listens there: an old worker would go on answering in our place."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT don't count
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                said = text("port_taken", host=host, port=port, other=free_port())
            else:
                said = text("cannot_listen", host=host, port=port, reason=error.strerror)
            raise LocalServiceError(said) from error


async def answers_ready(host: str, port: int) -> bool:
    """Whether GET /readyz answers 200 now."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(local_address(host), port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]

"""A light load of reads: keep-alive connections, each asking for addresses in turn, with a key each, as fast as it is
answered.

Run as a process of its own. Takes `[[key, path], …]` as JSON from its input, dealt out to the connections; prints one
JSON object.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time

import uvloop

_WARM_UP_SECONDS = 0.5


class Reader(asyncio.Protocol):
    """One connection: asks again when it is answered."""

    def __init__(self, asked: list[list[str]], odd: list[str]) -> None:
        self._requests = itertools.cycle(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
            for key, path in asked
        )
        self._answer = b""
        self._missing = -1
        self._odd = odd
        self.count = 0
        self.stopping = False
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(next(self._requests))  # type: ignore[attr-defined]  # uvloop's own

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._missing < 0:
            head = self._answer.find(b"\r\n\r\n")
            if head < 0:
                return
            lines = self._answer[:head].lower()
            at = lines.index(b"content-length:") + 15
            end = lines.find(b"\r", at)
            self._missing = head + 4 + int(lines[at : end if end > 0 else None])
        if len(self._answer) < self._missing:
            return
        self.count += 1
        if self._answer[9:12] != b"200":
            self._odd.append(self._answer[:600].decode(errors="replace"))
        self._answer, self._missing = b"", -1
        if self.stopping or self._odd:
            self._transport.close()
        else:
            self._transport.write(next(self._requests))  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(exc)


async def load(port: int, seconds: float, connections: int, asked: list[list[str]]) -> dict[str, float]:
    """Requests a second, once everything has warmed up."""
    odd: list[str] = []
    loop = asyncio.get_running_loop()
    readers = [
        (await loop.create_connection(lambda n=n: Reader(asked[n::connections], odd), "127.0.0.1", port))[1]  # type: ignore[misc]
        for n in range(connections)
    ]
    await asyncio.sleep(_WARM_UP_SECONDS)
    before, started = sum(reader.count for reader in readers), time.perf_counter()
    await asyncio.sleep(seconds)
    count, took = sum(reader.count for reader in readers) - before, time.perf_counter() - started
    for reader in readers:
        reader.stopping = True
    await asyncio.gather(*(reader.done for reader in readers))
    if odd or not count:
        raise SystemExit(f"an answer other than 200: {odd[:1]}")
    return {"per_second": count / took}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, required=True)
    given = parser.parse_args()
    sys.stdout.write(
        json.dumps(uvloop.run(load(given.port, given.seconds, given.connections, json.load(sys.stdin)))) + "\n"
    )


if __name__ == "__main__":
    main()

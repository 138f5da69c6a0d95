"""A light load: keep-alive connections that post purchases as fast as they are answered.

Run as a process of its own, since it shares the machine with what it measures: requests are put together from
ready-made bytes, answers are looked at no closer than their status and length. Prints one JSON object.
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Final, cast

import uvloop

from tests.benchmarks.history import FIRST_MEMBER

_WARM_UP_SECONDS = 0.5
COUPON = "00000000-0000-7{:03d}-9000-{}"
"""The id of a member's n-th coupon."""

_PAID_FROM_THE_WALLET: Final = '"coupons":["{coupon}"],"wallet_amount":100'
SALES: Final = {
    "amount": "",
    "basket": '"external_amounts":true,"tenders":[{{"type":"cash","amount":5000}}]',
    "value": f'{_PAID_FROM_THE_WALLET},"tenders":[{{{{"type":"cash","amount":4300}}}}]',
    "points": f'{_PAID_FROM_THE_WALLET},"points_to_redeem":10,"tenders":[{{{{"type":"cash","amount":4290}}}}]',
}
"""What is sold: a bare amount; a basket of two lines at final prices; the same at list prices with a tier discount, a
coupon and the wallet, earning points; that and paid with points, too.
"""


class Requests:
    """Endless distinct purchases of random members, as bytes of HTTP."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.numbers = itertools.count(options.first)
        self._chance = random.Random(options.run)  # noqa: S311  # no secret
        body = self._body(0, 0, 0)
        self._head = (
            f"POST /v1/purchases HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {options.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        ).encode()

    def _body(self, number: int, member: int, amount: int) -> bytes:
        options = self._options
        if options.sale != "amount":
            return self._basket(number)
        return (
            f'{{"member_id":"00000000-0000-7000-8000-{FIRST_MEMBER + member}","branch_id":"{options.branch}",'
            f'"external_id":"{options.run:04d}-{number:08d}","amount":{1000 + amount:d},"external_amounts":true}}'
        ).encode()

    def _basket(self, number: int) -> bytes:
        """The same two lines, as SALES says. Members in turn, each with its next coupon."""
        options = self._options
        turn, member = divmod(number, options.members)
        return (
            f'{{"member_id":"00000000-0000-7000-8000-{FIRST_MEMBER + member}","branch_id":"{options.branch}",'
            f'"external_id":"{options.run:04d}-{number:08d}","lines":[{{"category":"tea","amount":4000}},'
            f'{{"sku":"A","quantity":2,"amount":1000}}],'
            + SALES[options.sale].format(coupon=COUPON.format(turn, FIRST_MEMBER + member))
            + "}"
        ).encode()

    def __iter__(self) -> Iterator[bytes]:
        chance, members = self._chance, self._options.members
        for number in self.numbers:
            key = f"Idempotency-Key: {self._options.run}-{number}\r\n".encode() if self._options.keyed else b""
            body = self._body(number, int(chance.random() * members), int(chance.random() * 8999))
            yield self._head + key + b"\r\n" + body


class Till(asyncio.Protocol):
    """One connection: the next request goes out when the last one is answered."""

    def __init__(self, requests: Iterator[bytes], taken: list[float], odd: list[str]) -> None:
        self._requests, self._taken, self._odd = requests, taken, odd
        self._answer = b""
        self._missing = -1
        self._sent = 0.0
        self.stopping = False
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own, of the same shape
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        if self._missing < 0:
            lines = self._answer[:head].lower()
            at = lines.index(b"content-length:") + 15
            end = lines.find(b"\r", at)
            self._missing = head + 4 + int(lines[at : end if end > 0 else None])
        if len(self._answer) < self._missing:
            return
        self._taken.append(time.perf_counter() - self._sent)
        if self._answer[9:12] != b"201":
            self._odd.append(self._answer[:600].decode(errors="replace"))
        self._answer, self._missing = b"", -1
        if self.stopping or self._odd:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(exc)


async def load(options: argparse.Namespace) -> dict[str, object]:
    """Requests a second, and how long answers took, once everything has warmed up."""
    sent, taken, odd = Requests(options), list[float](), list[str]()
    requests = iter(sent)
    loop = asyncio.get_running_loop()
    tills = [
        (await loop.create_connection(lambda: Till(requests, taken, odd), "127.0.0.1", options.port))[1]
        for _ in range(options.connections)
    ]
    await asyncio.sleep(_WARM_UP_SECONDS)
    taken.clear()
    started = time.perf_counter()
    await asyncio.sleep(options.seconds)
    count, seconds = len(taken), time.perf_counter() - started
    for till in tills:
        till.stopping = True
    await asyncio.gather(*(till.done for till in tills))
    if odd or not count:
        raise SystemExit(f"an answer other than 201: {odd[:1]}")
    ordered = sorted(taken[:count])
    return {
        "per_second": count / seconds,
        "p50_ms": ordered[count // 2] * 1000,
        "p99_ms": ordered[count * 99 // 100] * 1000,
        "next": next(sent.numbers),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "members", "connections", "run"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--branch", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--keyed", action="store_true")
    parser.add_argument("--sale", choices=SALES, default="amount")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with")
    sys.stdout.write(json.dumps(uvloop.run(load(parser.parse_args()))) + "\n")


if __name__ == "__main__":
    main()

"""Who sends nothing more, or hardly anything, doesn't hold a place for ever."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from support.chains import Chain

from saas.errors import DomainError
from saas.patience import patient


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def sends(*parts: Any) -> Any:
    """An ASGI `receive` that gives the parts, then nothing."""
    left = list(parts)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


async def test_a_body_that_stops_is_refused() -> None:
    receive = patient(sends(part(b"a")), pause=0.05)
    assert (await receive())["body"] == b"a"  # type: ignore[typeddict-item]
    with pytest.raises(DomainError) as refused:
        await receive()
    assert refused.value.code == "request-timeout"
    assert refused.value.headers == {"Connection": "close"}


async def test_a_body_that_drips_is_refused_before_it_ends() -> None:
    async def drip() -> Any:
        await asyncio.sleep(0.01)
        return part(b"x")

    receive = patient(drip, pause=0.1, slowest=1e6)

    async def read_on() -> None:
        while True:
            await receive()

    with pytest.raises(DomainError):
        await asyncio.wait_for(read_on(), 60)


async def test_what_comes_in_time_may_be_long_and_the_end_may_take_for_ever() -> None:
    async def steady() -> Any:
        await asyncio.sleep(0.01)
        return part(b"x" * 1000)

    receive = patient(steady, pause=30, slowest=1)
    assert sum([len((await receive())["body"]) for _ in range(5)]) == 5000  # type: ignore[typeddict-item]
    receive = patient(sends(part(b"", more=False)), pause=0.02)
    await receive()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(receive(), 0.1)  # the caller's patience, not ours: a stream waits for the good-bye


async def test_the_api_says_so_and_nothing_is_kept(app: Any, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saas.middleware.patient", partial(patient, pause=0.05))

    async def never(begun: bytes) -> AsyncIterator[bytes]:
        yield begun
        await asyncio.Event().wait()

    begun = never(b'{"name": "')
    stopped = await chain.http.post("/v1/members", content=begun, headers={"Content-Type": "application/json"})
    assert (stopped.status_code, stopped.json()["type"]) == (408, "/problems/request-timeout")
    form = never(b'--b\r\nContent-Disposition: form-data; name="file"; filename="m.csv"\r\n\r\nphone,name\n')
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    upload = await chain.http.post("/v1/imports", content=form, headers=headers)
    assert upload.status_code == 408
    assert (await chain.http.get("/v1/members")).json()["data"] == []


async def test_nobody_waits_for_the_body_of_a_read(client: httpx.AsyncClient) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = await asyncio.wait_for(client.request("GET", "/healthz", content=never()), 30)
    assert answer.status_code == 200

"""A POST to a customer's server: only where it may go, under its own name, for so long and no longer."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from settings_here import SETTINGS

from saas.clock import system_now
from saas.outgoing import posting
from saas.outgoing.posting import MOST_READ, Answer, OutgoingError, post

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Settings:
    """What a test changes of the settings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, **changed: Any) -> None:
        settings = SETTINGS.model_copy(update=changed)
        self._monkeypatch.setattr(posting, "get_settings", lambda: settings)


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Settings:
    return Settings(monkeypatch)


@asynccontextmanager
async def server(talk: Talk, encryption: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            return  # who asked has gone: half of these tests are about that
        finally:
            writer.close()

    listening = await asyncio.start_server(answered, "127.0.0.1", 0, ssl=encryption)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def request_of(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return head[0], headers, await reader.readexactly(int(headers["content-length"]))


def leads_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """What names resolve to, one answer after the other; returns the names asked."""
    asked, given = [], iter(answers)

    def look_up(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in next(given)]

    monkeypatch.setattr(posting, "_look_up", look_up)
    return asked


async def test_a_name_is_asked_once_and_its_server_hears_its_own_name(
    change: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(webhook_private_targets=True)
    heard: list[Any] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await request_of(reader))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nfine")

    async with server(talk) as port:
        asked = leads_to(monkeypatch, ["127.0.0.1"])
        answer = await post(f"http://hooks.example.com:{port}/in?a=1", b"{}", {"webhook-id": "e1"})
    assert answer == Answer(201, b"fine")
    line, headers, body = heard[0]
    assert (line, body, asked) == ("POST /in?a=1 HTTP/1.1", b"{}", ["hooks.example.com"])
    assert headers["host"] == f"hooks.example.com:{port}"
    assert (headers["webhook-id"], headers["accept-encoding"]) == ("e1", "identity")


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"]])
async def test_a_name_that_leads_inside_reaches_nobody(
    change: Settings, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """One of many is enough to refuse; nothing is connected."""
    change(webhook_private_targets=False)
    reached = []

    async def connect(*place: Any, **_: Any) -> None:
        reached.append(place)

    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    leads_to(monkeypatch, addresses)
    with pytest.raises(OutgoingError) as refused:
        await post("https://hooks.example.com/", b"{}", {})
    assert (refused.value.reason, reached) == ("address-refused", [])


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    change: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name would lead inside at a second look; there is none."""
    change(webhook_private_targets=False)
    reached: list[Any] = []

    async def connect(_: Any, host: str, port: int, *__: Any) -> None:
        reached.append((host, port))
        raise OSError

    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    asked = leads_to(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    with pytest.raises(OutgoingError):
        await post("https://hooks.example.com/", b"{}", {})
    assert (asked, reached) == (["hooks.example.com"], [("1.1.1.1", 443)])


async def test_no_redirect_is_followed(change: Settings) -> None:
    change(webhook_private_targets=True)
    heard = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await request_of(reader))[0])
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    async with server(talk) as port:
        assert (await post(f"http://127.0.0.1:{port}/in", b"{}", {})).status == 307
    assert heard == ["POST /in HTTP/1.1"]


async def test_of_a_long_answer_the_beginning_is_read(change: Settings) -> None:
    change(webhook_private_targets=True)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 500 No\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with server(talk) as port:
        answer = await post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert answer == Answer(500, b"x" * MOST_READ)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drop_by_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)


async def _no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [(_silent, "time-out"), (_drop_by_drop, "time-out"), (_gone, "no-answer"), (_no_http, "no-answer")],
)
async def test_who_takes_too_long_or_speaks_otherwise(change: Settings, talk: Talk, reason: str) -> None:
    change(webhook_private_targets=True, webhook_timeout_seconds=0.3 if reason == "time-out" else 15.0)
    async with server(talk) as port:
        with pytest.raises(OutgoingError) as failed:
            await post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert failed.value.reason == reason


async def test_a_name_whose_servers_are_silent_takes_no_other_name_s_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up can't be broken off: however often it is asked for meanwhile, it is one."""
    release, asked = threading.Event(), []

    def look_up(host: str, port: int) -> list[Any]:
        asked.append(host)
        if host == "silent.example.com":
            release.wait(60)
        return [(2, 1, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(posting, "_look_up", look_up)
    try:
        for _ in range(300):
            with pytest.raises(OutgoingError) as failed:
                await posting.resolve("silent.example.com", 443, 0.001)
            assert failed.value.reason == "time-out"
        assert [str(one) for one in await posting.resolve("hooks.example.com", 443, 20)] == ["1.1.1.1"]
    finally:
        release.set()
    await posting.resolve("silent.example.com", 443, 20)
    assert asked.count("silent.example.com") <= 2  # the one that was under way, and one that may come behind it


async def test_nobody_listens_and_nobody_has_that_name(change: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    change(webhook_private_targets=True)
    async with server(_silent) as port:
        pass
    with pytest.raises(OutgoingError) as failed:
        await post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert failed.value.reason == "no-connection"
    leads_to(monkeypatch, [])
    with pytest.raises(OutgoingError) as failed:
        await post("http://hooks.example.com/", b"{}", {})
    assert failed.value.reason == "no-address"


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that is `name`, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(system_now() - timedelta(days=1))
        .not_valid_after(system_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain, secret)
    return serving, ssl.create_default_context(cafile=str(chain))


async def test_encryption_is_under_the_name_not_the_address(
    change: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change(webhook_private_targets=True)
    serving, trust = certificate(tmp_path, "hooks.example.com")
    named: list[str | None] = []
    serving.sni_callback = lambda _sock, name, _context: named.append(name)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with server(talk, serving) as port:
        leads_to(monkeypatch, ["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"])
        with pytest.raises(OutgoingError) as unknown:  # by the machine's own list
            await post(f"https://hooks.example.com:{port}/", b"{}", {})
        monkeypatch.setattr(posting, "_trust", lambda: trust)
        assert (await post(f"https://hooks.example.com:{port}/", b"{}", {})).status == 204
        with pytest.raises(OutgoingError) as other:
            await post(f"https://other.example.com:{port}/", b"{}", {})
    assert (unknown.value.reason, other.value.reason) == ("no-encryption", "no-encryption")
    assert named == ["hooks.example.com", "hooks.example.com", "other.example.com"]

"""The guide's code, run as it stands against the application with a worker beside it; answers are compared."""

import asyncio
import contextlib
import functools
import io
import json
import re
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from readme.transcript import ADDRESS, comparable, run_all
from regulars_client import webhooks
from support.chains import Chain

from tenants.events.numbering import number_all
from tenants.webhooks.dispatching import deliver_due

CLIENT: Final = Path(__file__).parents[2] / "clients" / "python"
THEIRS: Final = "http://127.0.0.1:9000"
GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide.md"
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAYS: Final = re.compile(r"^\s*print\(.*\)  # (.*)$", re.MULTILINE)


class Block(NamedTuple):
    kind: str
    code: str
    answer: str | None


def blocks() -> list[Block]:
    found = _BLOCK.findall(GUIDE.read_text())
    answers = [*found[1:], ("", "")]
    pairs = zip(found, answers, strict=True)
    return [Block(kind, code, then[1] if then[0] == "json" else None) for (kind, code), then in pairs if kind != "json"]


@pytest.fixture
async def worker(drain: Any) -> AsyncIterator[None]:
    """Jobs run, events get their positions and webhooks go out as they come."""

    async def work() -> None:
        while True:
            await drain()
            await number_all()
            await deliver_due()
            await asyncio.sleep(0.05)

    working = asyncio.ensure_future(work())
    yield
    assert not working.done(), working.exception()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


class Inbox:
    """Who listens where the guide says: it keeps what comes and answers 204."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
        headers = dict(line.split(": ", 1) for line in head if line)
        length = next(int(value) for name, value in headers.items() if name.lower() == "content-length")
        self.heard.append((headers, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 Heard\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, str]]:
    listening = Inbox()
    server = await asyncio.start_server(listening.talk, "127.0.0.1", 0)
    yield listening, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def packed(text: str) -> str:
    """Without spaces, and with a word for what is another at each run."""
    return re.sub(r"\s+", "", comparable(text))


def as_shown(shown: str, told: str) -> bool:
    pattern = ".*?".join(re.escape(part) for part in packed(shown).split("…"))
    return re.fullmatch(pattern, packed(told), re.DOTALL) is not None


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="no curl or jq here")
async def test_the_commands_answer_as_shown(
    address: str, worker: None, inbox: tuple[Inbox, str], tmp_path: Path
) -> None:
    listening, theirs = inbox
    shown = [block for block in blocks() if block.kind == "sh"]
    assert len(shown) > 10
    commands = [block.code.replace(THEIRS, theirs) for block in shown]
    answers = await asyncio.to_thread(run_all, commands, address, tmp_path)
    told = zip(shown, answers, strict=True)
    wrong = [f"{block.code}\n{answer}" for block, answer in told if not as_shown(block.answer or "", answer)]
    assert not wrong, "\n".join(wrong)
    secret = json.loads((tmp_path / "webhook.json").read_text())["secret"]
    assert {webhooks.verify(body, headers, secret)["type"] for headers, body in listening.heard} == {"tier.changed"}


def python(address: str, port: int) -> Iterator[tuple[str, list[str]]]:
    """The page's Python, block by block, and what each should print."""
    mine = f"owner-{secrets.token_hex(4)}@"
    for block in blocks():
        if block.kind == "python":
            code = block.code.replace(ADDRESS, address).replace("owner@", mine)
            code = code.replace("9000)", f"{port})").replace(":9000/", f":{port}/")
            said = _SAYS.findall(block.code)
            yield code, said


async def test_the_python_prints_what_it_says(
    address: str, worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names: dict[str, Any] = {}
    for code, said in python(address, port):
        printed = io.StringIO()
        names["print"] = functools.partial(print, file=printed)  # what is logged meanwhile in this process is no answer
        await asyncio.to_thread(exec, compile(code, "guide.md", "exec"), names)
        assert as_shown("".join(said), printed.getvalue()), f"{code}\n{printed.getvalue()}"


async def test_the_clients_own_page(address: str, chain: Chain) -> None:
    (code,) = [code for kind, code in _BLOCK.findall((CLIENT / "README.md").read_text()) if kind == "python"]
    code = code.replace("rk_live_…", chain.key).replace("https://members.example", address)
    names: dict[str, Any] = {}
    for _ in ("enrolled", "found"):
        await asyncio.to_thread(exec, code, names)
    assert names["member"]["phone"] == "+8613800138000"


def test_each_of_the_five_is_shown_both_ways() -> None:
    _, *sections = re.split(r"^## ", GUIDE.read_text(), flags=re.MULTILINE)
    assert len(sections) == 5
    for section in sections:
        assert {"sh", "python"} <= {kind for kind, _ in _BLOCK.findall(section)}, section.partition("\n")[0]

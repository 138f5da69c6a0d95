"""The page of conventions: every example on it is sent as it stands, and its answer compared."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest
from client.test_guide import as_shown
from support.chains import Chain

from saas.limits import middleware
from saas.settings import get_settings
from saas.versions import Ending

PAGE: Final = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
_BLOCK: Final = re.compile(r"^```http\n(?P<sent>.*?)^→ (?P<status>\d+)\n(?P<told>.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    told: dict[str, str]
    """Headers."""
    answer: str


def examples() -> Iterator[Example]:
    for block in _BLOCK.finditer(PAGE):
        head, _, body = block["sent"].partition("\n\n")
        (method, path), *lines = (line.split(maxsplit=1) for line in head.splitlines())
        headers = {name.rstrip(":"): value for name, value in lines}
        told = dict(line[2:].split(": ", 1) for line in block["told"].splitlines() if line.startswith("→ "))
        answer = "\n".join(line for line in block["told"].splitlines() if not line.startswith("→ "))
        yield Example(method, path, headers, body, int(block["status"]), told, answer)


@pytest.fixture
async def limiter(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = get_settings().model_copy(update={"rate_limits": True})
    monkeypatch.setattr(middleware, "get_settings", lambda: limited)


async def test_every_example_is_answered_as_shown(chain: Chain, limiter: None, drain: Any) -> None:
    known = {"branch": chain.branch_id}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z]+)\}", lambda name: known[name[1]], text)

    wrong = []
    for one in examples():
        headers = {name: filled(value) for name, value in one.headers.items()}
        if one.body:
            headers["Content-Type"] = "application/json"
        answer = await chain.http.request(one.method, filled(one.path), headers=headers, content=filled(one.body))
        told = all(as_shown(filled(value), answer.headers.get(name, "")) for name, value in one.told.items())
        if answer.status_code != one.status or not told or not as_shown(one.answer, answer.text):
            wrong.append(f"{one.method} {one.path}: {answer.status_code} {dict(answer.headers)}\n{answer.text}")
        known |= _learned(answer)
        if answer.status_code == 202:
            await drain()
    assert not wrong, "\n\n".join(wrong)


_LEARNED: Final = {"cursor": r'"next_cursor":"([^"]+)"', "job": r'"job_id":"([^"]+)"', "event": r"id: (\w+)"}


def _learned(answer: httpx.Response) -> dict[str, str]:
    """What a later example goes on from."""
    found = {name: match[1] for name, pattern in _LEARNED.items() if (match := re.search(pattern, answer.text))}
    return found | ({"etag": answer.headers["etag"]} if "etag" in answer.headers else {})


def test_there_is_an_example_of_each() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections if not _BLOCK.search(section)] == []
    assert len(list(examples())) >= 25


def test_an_ending_is_told_as_shown() -> None:
    ending = Ending(date(2026, 11, 1), date(2027, 11, 1), "/docs#old")
    told = "\n".join(f"{name.decode().capitalize()}: {value.decode()}" for name, value in ending.headers)
    assert f"```\n{told}\n```" in PAGE

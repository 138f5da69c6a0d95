"""`/outbox`: the letters and SMS that a local installation would have sent, the newest first. Nowhere else."""

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get

from saas.file_store import file_store
from saas.pages import error_page, reader_of, render_page
from saas.settings import get_settings

_SHOWN: Final = 50
_LINK: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a letter; `link` where it is nothing but one."""

    text: str
    link: bool


@get("/outbox", opt={"auth": "none", "scoped": False}, include_in_schema=False)
async def outbox(request: Request[Any, Any, Any]) -> Response[Any]:
    """Links in letters open accounts: in production this page isn't there."""
    if get_settings().environment != "local":
        return error_page(request.scope, "not-found")
    letters = await asyncio.to_thread(_read, file_store().root, reader_of(request).tongue.say("SMS"))
    return render_page(request, "mail/outbox.html", {"letters": letters, "timezone": UTC})


def _read(root: Path, sms: str) -> list[dict[str, Any]]:
    """Letters, and the messages to members that no gateway took; both are named by ids that grow with time."""
    files = (file for folder in ("mail", "outbox") for file in root.glob(f"*/{folder}/*.json"))
    newest = sorted(files, key=lambda path: path.name, reverse=True)[:_SHOWN]
    return [_shown(_letter(path, sms)) for path in newest]


def _letter(path: Path, sms: str) -> dict[str, Any]:
    """A file of either kind; of a message the file's own time counts, and what it comes by stands for a subject."""
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
    return {"subject": sms if kept.get("channel") == "sms" else kept.get("channel"), "at": written, **kept}


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    lines = [_Line(line, bool(_LINK.fullmatch(line))) for line in letter["text"].splitlines()]
    return {**letter, "lines": lines, "at": datetime.fromisoformat(letter["at"])}


HANDLERS = [outbox]

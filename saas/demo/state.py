"""`<data-dir>/demo.json`: the demo chains' log-in and keys, for the owner of the folder alone.

Keys and passwords are stored hashed, so what is printed at each start has to be kept here.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self

from saas.local.process import LocalServiceError


@dataclass(slots=True)
class ChainState:
    """One chain. `members`: how many it gets (None: as many as its industry's table says). `days`: how far its history
    reaches back (None: two years). `done`: days, or blocks of members, of it that are in; `filled`: all of it.
    """

    template: str
    company: str
    sign_up_key: str
    members: int | None = None
    days: int | None = None
    key: str | None = None
    tenant_id: str | None = None
    done: int = 0
    filled: bool = False

    @classmethod
    def fresh(cls, template: str, company: str, members: int | None = None, days: int | None = None) -> Self:
        return cls(template, company, secrets.token_urlsafe(24), members, days)


@dataclass(slots=True)
class DemoState:
    """What a later start has to know. `until`: when the made-up history ends."""

    email: str
    password: str
    until: datetime
    chains: dict[str, ChainState] = field(default_factory=dict)

    @classmethod
    def fresh(cls, email: str, until: datetime) -> Self:
        return cls(email, secrets.token_urlsafe(12), until)


def state_file(data_dir: Path) -> Path:
    return data_dir / "demo.json"


def load(data_dir: Path) -> DemoState | None:
    """None before the first start. Raises LocalServiceError for a damaged file."""
    path = state_file(data_dir)
    try:
        kept = json.loads(path.read_text())
        chains = {code: ChainState(**chain) for code, chain in kept["chains"].items()}
        return DemoState(kept["email"], kept["password"], datetime.fromisoformat(kept["until"]), chains)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LocalServiceError(f"{path} is damaged ({error!r}); delete it for new demo chains") from error


def save(data_dir: Path, state: DemoState) -> None:
    """Replaces the file as a whole, mode 0600."""
    path = state_file(data_dir)
    draft = path.with_name(f".demo-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({**asdict(state), "until": state.until.isoformat()}, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


class Keeper:
    """The state, changed by several threads, kept whenever it was changed."""

    def __init__(self, data_dir: Path, state: DemoState) -> None:
        self._data_dir = data_dir
        self._lock = Lock()
        self.state = state

    @contextmanager
    def changing(self) -> Iterator[DemoState]:
        with self._lock:
            yield self.state
            save(self._data_dir, self.state)

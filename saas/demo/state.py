"""`<data-dir>/demo.json`: the demo chain's log-in and key, for the owner of the folder alone.

Keys and passwords are stored hashed, so what is printed at each start has to be kept here.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

from saas.local.process import LocalServiceError


@dataclass(frozen=True, slots=True)
class DemoState:
    """What a later start has to know. `today` is the day that the made-up history ends on; `filled`: it is all in."""

    company: str
    email: str
    password: str
    sign_up_key: str
    today: date
    key: str | None = None
    tenant_id: str | None = None
    filled: bool = False

    @classmethod
    def fresh(cls, company: str, email: str, today: date) -> Self:
        return cls(company, email, secrets.token_urlsafe(12), secrets.token_urlsafe(24), today)


def state_file(data_dir: Path) -> Path:
    return data_dir / "demo.json"


def load(data_dir: Path) -> DemoState | None:
    """None before the first start. Raises LocalServiceError for a damaged file."""
    path = state_file(data_dir)
    try:
        kept = json.loads(path.read_text())
        return DemoState(**{**kept, "today": date.fromisoformat(kept["today"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise LocalServiceError(f"{path} is damaged ({error}); delete it for a new demo chain") from error


def save(data_dir: Path, state: DemoState) -> None:
    """Replaces the file as a whole, mode 0600."""
    path = state_file(data_dir)
    draft = path.with_name(f".demo-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({**asdict(state), "today": state.today.isoformat()}, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

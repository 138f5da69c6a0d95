"""`<data-dir>/secrets.json`: the passwords and keys of a one-machine installation, for its owner alone."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path

from saas.local.process import LocalServiceError

SUPERUSER = "postgres"
LOGIN_ROLES = ("app", "gate", "relay", "operator")


@dataclass(frozen=True)
class Secrets:
    """Passwords by PostgreSQL role (the superuser included), Valkey's password, and the application's key."""

    postgres: dict[str, str]
    valkey: str
    secret_key: str


def load_or_create(data_dir: Path) -> Secrets:
    """Read the file, or write one with fresh random values; two starters at once get the same one."""
    path = data_dir / "secrets.json"
    if not path.exists():
        _create(path)
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise LocalServiceError(f"{path} is damaged ({error}); restore it from a backup") from error


def _create(path: Path) -> None:
    fresh = Secrets(
        postgres={role: secrets.token_urlsafe(24) for role in (SUPERUSER, *LOGIN_ROLES)},
        valkey=secrets.token_urlsafe(24),
        secret_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )
    draft = path.with_name(f".secrets-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(fresh), file, indent=2)
        file.flush()
        os.fsync(file.fileno())  # the cluster's only password: it must not be lost to a power cut
    try:
        os.link(draft, path)  # unlike a rename it never replaces another starter's file
    except FileExistsError:
        return
    finally:
        draft.unlink()

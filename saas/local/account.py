"""Whom an embedded service runs as. PostgreSQL refuses root, so root hands it to an unprivileged user."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """A user and group id to run as."""

    uid: int
    gid: int


def unprivileged(existing: Path | None = None) -> Account | None:
    """None for an ordinary user, who runs everything as himself; for root the owner of `existing`, or nobody.

    initdb looks its user up by name, so it has to be one that the machine knows.
    """
    if os.geteuid() != 0:
        return None
    if existing is not None and existing.exists() and (found := existing.stat()).st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def closed_folder(path: Path, account: Account | None) -> Path | None:
    """The first folder on the way to `path` that `account` may not pass; None if the way is open.

    Folders that don't exist yet don't count: whoever makes them opens them.
    """
    if account is None:
        return None
    for folder in reversed(path.absolute().parents):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return None
        if found.st_uid == account.uid:
            wanted = stat.S_IXUSR
        elif found.st_gid == account.gid:
            wanted = stat.S_IXGRP
        else:
            wanted = stat.S_IXOTH
        if not found.st_mode & wanted:
            return folder
    return None


def make_folders(path: Path, mode: int) -> None:
    """Make `path` and the folders above it that are missing, each with exactly `mode`, whatever the umask.

    Folders that exist stay as they are: their owner decided who may pass.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)

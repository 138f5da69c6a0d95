"""Files: a folder that every process sees. The tenant's id leads each path: one tenant's are one folder."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.settings import get_settings

T = TypeVar("T")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,120}(/[a-z0-9][a-z0-9._-]{0,120}){0,3}")
_TEMPORARY: Final = ".partial"


class FileTooLargeError(ValueError):
    """More bytes came than the caller allowed; nothing is kept."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`path` is what the database keeps: `<tenant id>/<name>`."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class ListedFile:
    """`path` as `open` and `delete` take it; `modified_at` is when its last byte was written (the disk's clock)."""

    path: str
    modified_at: datetime


class FileStore:
    """A folder of files that appear whole or not at all, and are on disk when `put` returns."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(
        self, tenant_id: UUID, name: str, chunks: AsyncIterable[bytes], *, limit: int | None = None
    ) -> StoredFile:
        """Stores the stream as `name` (lower-case words, digits, `._-`, up to four parts), over a former one.

        Memory holds one chunk. Raises ValueError for another name, FileTooLargeError above `limit` bytes,
        OSError where the disk refuses; then the former file, if any, is as it was.
        """
        target = self._target(tenant_id, name)
        temporary = target.parent / f"{uuid7()}{_TEMPORARY}"
        size = 0
        file = await _run(_create, temporary)
        try:
            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if limit is not None and size > limit:
                        raise FileTooLargeError(f"more than {limit} bytes")
                    await _run(file.write, chunk)
            finally:
                await asyncio.shield(_run(_flush_and_close, file))
            await _run(_publish, temporary, target)
        except BaseException:
            with suppress(OSError):  # the first error is on its way; the leftover has no name in the database
                temporary.unlink(missing_ok=True)
            raise
        return StoredFile(f"{tenant_id}/{name}", size)

    def open(self, tenant_id: UUID, path: str) -> BinaryIO:
        """The stored file for reading. Raises FileNotFoundError, and for another tenant's path too."""
        return self._own(tenant_id, path).open("rb")

    async def link(self, tenant_id: UUID, path: str, name: str) -> StoredFile:
        """The stored file under another `name` of its tenant's, too, without a copy: what `put` has written is never
        changed in place, and each name goes by itself. Raises FileNotFoundError as `open`, ValueError as `put`.
        """
        source, target = self._own(tenant_id, path), self._target(tenant_id, name)
        size = await _run(_link, source, target)
        return StoredFile(f"{tenant_id}/{name}", size)

    async def delete(self, tenant_id: UUID, path: str) -> None:
        """Removes a stored file; one that is gone already is fine."""
        await _run(partial(self._own(tenant_id, path).unlink, missing_ok=True))

    async def delete_all(self, tenant_id: UUID) -> None:
        """Removes everything that the tenant has here; nothing is fine."""
        folder = self.root / str(tenant_id)
        if folder.exists():
            await _run(shutil.rmtree, folder)

    async def list(self, tenant_id: UUID, folder: str) -> tuple[ListedFile, ...]:
        """The files right in the tenant's `folder`, in no order, those too that are still being written or never
        were finished (`*.partial`). Links and subfolders are left out. Raises ValueError for another folder name.
        """
        return await _run(_listed, self._target(tenant_id, folder), f"{tenant_id}/{folder}")

    def _target(self, tenant_id: UUID, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"not a file name of the store: {name!r}")
        return self.root / str(tenant_id) / name

    def _own(self, tenant_id: UUID, path: str) -> Path:
        owner, _, name = path.partition("/")
        if owner != str(tenant_id) or _NAME.fullmatch(name) is None:
            raise FileNotFoundError(path)
        return self.root / owner / name


async def _run(function: Callable[..., T], *args: object) -> T:
    return await asyncio.to_thread(function, *args)


def _create(path: Path) -> BinaryIO:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in made:
        _sync_folder(folder.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _listed(folder: Path, prefix: str) -> tuple[ListedFile, ...]:
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # renamed or removed meanwhile
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    modified = entry.stat(follow_symlinks=False).st_mtime
                    found.append(ListedFile(f"{prefix}/{entry.name}", datetime.fromtimestamp(modified, UTC)))
    return tuple(found)


def _flush_and_close(file: BinaryIO) -> None:
    with file:
        file.flush()
        os.fsync(file.fileno())


def _publish(temporary: Path, target: Path) -> None:
    temporary.replace(target)
    _sync_folder(target.parent)


def _link(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.unlink(missing_ok=True)
    target.hardlink_to(source)
    _sync_folder(target.parent)
    return target.stat().st_size


def _sync_folder(folder: Path) -> None:
    """A new name lasts once its folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_store() -> FileStore:
    """The installation's store, from the setting `FILE_STORE`."""
    return FileStore(get_settings().file_store)

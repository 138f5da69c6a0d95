"""Stored files appear whole or not at all, and only to their tenant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from saas.file_store import FileStore, FileTooLargeError


async def stream(*chunks: bytes, fail: bool = False) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if fail:
        raise ConnectionResetError


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_put_open_delete(tmp_path: Path) -> None:
    store, tenant = FileStore(tmp_path / "files"), uuid4()
    stored = await store.put(tenant, "imports/one.csv", stream(b"a,b\n", b"1,2\n"))
    assert (stored.path, stored.size) == (f"{tenant}/imports/one.csv", 8)
    with store.open(tenant, stored.path) as file:
        assert file.read() == b"a,b\n1,2\n"
    await store.put(tenant, "imports/one.csv", stream(b"new"))
    with store.open(tenant, stored.path) as file:
        assert file.read() == b"new"
    for _ in range(2):
        await store.delete(tenant, stored.path)
    with pytest.raises(FileNotFoundError):
        store.open(tenant, stored.path)


@pytest.mark.parametrize("limit", [None, 3])
async def test_a_broken_upload_leaves_what_was_there(tmp_path: Path, limit: int | None) -> None:
    store, tenant = FileStore(tmp_path), uuid4()
    stored = await store.put(tenant, "f", stream(b"old"))
    with pytest.raises(FileTooLargeError if limit else ConnectionResetError):
        await store.put(tenant, "f", stream(b"new", b"er", fail=True), limit=limit)
    with store.open(tenant, stored.path) as file:
        assert file.read() == b"old"
    assert names(tmp_path) == ["f"]


async def test_nobody_reaches_anothers_file(tmp_path: Path) -> None:
    store, tenant = FileStore(tmp_path), uuid4()
    stored = await store.put(tenant, "f", stream(b"mine"))
    for path in (f"{tenant}/../{tenant}/f", f"{tenant}/./f", "/etc/passwd", f"{tenant}/f\0", str(tenant), ""):
        with pytest.raises(FileNotFoundError):
            store.open(tenant, path)
    with pytest.raises(FileNotFoundError):
        store.open(uuid4(), stored.path)
    for name in ("../f", "/f", "a//b", "A", "", ".hidden", "x" * 200, "f\n"):
        with pytest.raises(ValueError, match="not a file name"):
            await store.put(tenant, name, stream(b""))


async def test_a_folder_is_listed_and_nothing_outside_it(tmp_path: Path) -> None:
    store, tenant = FileStore(tmp_path / "files"), uuid4()
    assert await store.list(tenant, "imports") == ()
    stored = await store.put(tenant, "imports/one", stream(b"1"))
    await store.put(tenant, "imports/deep/two", stream(b"2"))
    await store.put(uuid4(), "imports/three", stream(b"3"))
    folder = tmp_path / "files" / str(tenant) / "imports"
    (folder / "x.partial").touch()
    (folder / "link").symlink_to(folder / "one")
    (folder / "Not ours").touch()
    listed = await store.list(tenant, "imports")
    assert {file.path for file in listed} == {stored.path, f"{tenant}/imports/x.partial"}
    assert all(abs(datetime.now(UTC) - file.modified_at) < timedelta(minutes=1) for file in listed)
    for name in ("..", "../x", "/", "", ".", "imports/..", "imports/"):
        with pytest.raises(ValueError, match="not a file name"):
            await store.list(tenant, name)

"""Sends an export's file, or the rest of it: a download of many gigabytes that broke off goes on."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, BinaryIO, Final
from uuid import UUID

from litestar import Request
from litestar.response import Stream

from saas.errors import DomainError
from saas.file_store import file_store
from saas.principal import SYSTEM
from saas.scope import tenant_scope
from tenants.audit.record import record
from tenants.exports.export import file_of

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_PARTIAL: Final = 206


async def send_file(request: Request[Any, Any, Any], tenant_id: UUID, export_id: UUID, actor: str) -> Stream:
    """The file as a download, 206 for a part (`Range: bytes=N-` or `N-M`; other ranges get the whole). Each beginning
    is on record. Raises DomainError `not-found`, `export-gone`.
    """
    async with tenant_scope(tenant_id, principal=SYSTEM, request_id=request.scope["state"].get("request_id")):
        path, size, made = await file_of(export_id)
        first, last = _part(request.headers.get("range"), size)
        if first == 0:
            await record("export.download", f"export:{export_id}", actor=actor)
    try:
        file = await asyncio.to_thread(file_store().open, tenant_id, path)
    except FileNotFoundError:
        raise DomainError("export-gone") from None
    whole = (first, last) == (0, size - 1)
    headers = {
        "Content-Disposition": f'attachment; filename="regulars-{made:%Y-%m-%d}-{str(export_id)[-6:]}.zip"',
        "Content-Length": str(last - first + 1),
        "Accept-Ranges": "bytes",
        "ETag": f'"{export_id}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if not whole:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 200 if whole else _PARTIAL
    return Stream(_pieces(file, first, last), media_type="application/zip", headers=headers, status_code=status)


def _part(asked: str | None, size: int) -> tuple[int, int]:
    """The first and the last byte that are wanted."""
    found = _RANGE.fullmatch(asked or "")
    if found is None:
        return 0, size - 1
    first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (first, last) if first <= last else (0, size - 1)


async def _pieces(file: BinaryIO, first: int, last: int) -> AsyncIterator[bytes]:
    left = last - first + 1
    try:
        await asyncio.to_thread(file.seek, first)
        while left and (piece := await asyncio.to_thread(file.read, min(_PIECE, left))):
            left -= len(piece)
            yield piece
    finally:
        await asyncio.to_thread(file.close)

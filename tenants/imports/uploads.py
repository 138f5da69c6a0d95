"""A file that came by the pages: kept while somebody says what its columns mean, checks it, and imports it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError, pointer
from saas.file_store import FileTooLargeError, StoredFile, file_store
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from saas.settings import get_settings
from saas.validation import parse_body
from tenants.imports.layout import LayoutError
from tenants.imports.options import ImportOptions, Kind
from tenants.imports.reading import read_layout
from tenants.imports.sampling import Sample, sample
from tenants.imports.sniff import Format
from tenants.imports.start import begin_import, fingerprint_of, may_import, require_importer
from tenants.imports.sweep import FOLDER, sweep_daily
from tenants.programme.versions import current_programme

T = TypeVar("T")
_COLUMNS: Final = "id, kind, filename, media_type, file, file_size, digest, options, created_at, check_id, import_id"
_INSERT: Final = (
    "INSERT INTO import_upload AS u (tenant_id, id, kind, filename, media_type, file, file_size, digest, actor)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_ONE: Final = f"SELECT {_COLUMNS} FROM import_upload WHERE tenant_id = $1 AND id = $2"
_OF_RUN: Final = (
    f"SELECT {_COLUMNS} FROM import_upload WHERE tenant_id = $1 AND check_id = $2"
    f" UNION ALL SELECT {_COLUMNS} FROM import_upload WHERE tenant_id = $1 AND import_id = $2 LIMIT 1"
)
_CHOSEN: Final = "UPDATE import_upload AS u SET options = $3 WHERE u.tenant_id = $1 AND u.id = $2"
_BEGUN: Final = {
    True: "UPDATE import_upload AS u SET check_id = $3 WHERE u.tenant_id = $1 AND u.id = $2",
    False: "UPDATE import_upload AS u SET import_id = $3 WHERE u.tenant_id = $1 AND u.id = $2",
}
_EARLIER: Final = "SELECT state, fingerprint FROM import_run WHERE tenant_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was sent. `chosen`: what was last said about it; None: nothing yet."""

    id: UUID
    kind: Kind
    filename: str
    media_type: str
    path: str
    size: int
    digest: bytes
    chosen: ImportOptions | None
    check_id: UUID | None
    import_id: UUID | None


async def keep(
    tenant_id: UUID, principal: Principal, kind: Kind, filename: str, media_type: str, chunks: AsyncIterable[bytes]
) -> UUID:
    """Stores a file, outside of any scope. Raises DomainError `forbidden`, `not-permitted` for a clerk,
    `payload-too-large`, `import-file-invalid` for one that is no text with columns.
    """
    require_importer(principal, kind)
    async with tenant_scope(tenant_id):
        await sweep_daily()
    upload_id, hashed, store = uuid7(), hashlib.sha256(), file_store()
    path = f"{FOLDER}/{upload_id}"
    try:
        limit = get_settings().import_max_bytes
        stored = await store.put(tenant_id, path, _hashed(chunks, hashed.update), limit=limit)
    except FileTooLargeError:
        raise DomainError("payload-too-large") from None
    try:
        await _opened(tenant_id, stored.path, lambda file: sample(file, filename, media_type))
        async with tenant_scope(tenant_id, principal=principal):
            await connection().execute(
                _INSERT,
                tenant_id,
                upload_id,
                kind,
                filename,
                media_type,
                stored.path,
                stored.size,
                hashed.digest(),
                principal.actor,
            )
    except (DomainError, LayoutError):
        await store.delete(tenant_id, stored.path)
        raise
    return upload_id


async def _hashed(chunks: AsyncIterable[bytes], update: Any) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        update(chunk)
        yield chunk


async def kept(upload_id: UUID, *, lock: bool = False) -> Kept:
    """Raises DomainError `not-found`, also for one of a kind that the asker may not import."""
    sql = _ONE + " FOR NO KEY UPDATE" if lock else _ONE
    return _read(await connection().fetchrow(sql, current().tenant_id, upload_id))


async def kept_of_run(import_id: UUID) -> Kept | None:
    """The file that the check or the import was of, as long as it's there."""
    row = await connection().fetchrow(_OF_RUN, current().tenant_id, import_id)
    return None if row is None else _read(row)


def _read(row: asyncpg.Record | None) -> Kept:
    principal = current().principal
    if row is None or not may_import(principal, row["kind"]):
        raise DomainError("not-found")
    chosen = None if row["options"] is None else ImportOptions.model_validate(row["options"])
    return Kept(
        row["id"],
        row["kind"],
        row["filename"],
        row["media_type"],
        row["file"],
        row["file_size"],
        row["digest"],
        chosen,
        row["check_id"],
        row["import_id"],
    )


async def sample_of(upload: Kept) -> Sample:
    """Its columns and first rows. Raises DomainError `not-found` where the file has gone, LayoutError as `sample`."""
    return await _opened(
        current().tenant_id, upload.path, lambda file: sample(file, upload.filename, upload.media_type)
    )


async def choose(upload: Kept, chosen: Mapping[str, Any], known: Sample) -> ImportOptions:
    """Keeps what the file's columns mean and how they are to be read. Raises DomainError `validation-failed`, with the
    mapping's columns or options in its pointers, LayoutError where the header doesn't fit.
    """
    _require_once(chosen["mapping"])
    options = parse_body(ImportOptions, json.dumps({**chosen, "kind": upload.kind}).encode())
    if not options.mapping:
        raise DomainError("validation-failed", errors=[FieldError("/mapping", "required")])
    declared = [a.code for a in (await current_programme()).attributes] if upload.kind == "members" else []
    await _fits(upload, options, declared, known)
    await connection().execute(_CHOSEN, current().tenant_id, upload.id, options.model_dump())
    return options


def _require_once(mapping: Mapping[str, str]) -> None:
    """Of two columns that mean the same either may be the wrong one: both are named."""
    fields = list(mapping.values())
    twice = [column for column, field in mapping.items() if fields.count(field) > 1]
    if twice:
        raise DomainError("validation-failed", errors=[FieldError(pointer("mapping", c), "duplicate") for c in twice])


async def _fits(upload: Kept, options: ImportOptions, declared: Sequence[str], known: Sample) -> None:
    form = Format(known.form, known.encoding, known.offset)
    await _opened(current().tenant_id, upload.path, lambda file: read_layout(file, form, options, declared))


async def begin(upload_id: UUID, *, check: bool) -> UUID:
    """Starts the check (a dry run) or the import of a file as was chosen, and returns its id. The same asked again is
    the same run, unless it has failed: a second click does nothing twice.

    Raises DomainError `not-found`, and what `begin_import` raises.
    """
    upload = await kept(upload_id, lock=True)
    if upload.chosen is None:
        raise DomainError("not-found")
    options = upload.chosen.model_copy(update={"dry_run": check})
    earlier = upload.check_id if check else upload.import_id
    if earlier is not None:
        row = await connection().fetchrow(_EARLIER, current().tenant_id, earlier)
        if row is not None and row["state"] != "failed" and row["fingerprint"] == fingerprint_of(upload, options):
            return earlier
    run_id: UUID = uuid7()
    file = await _linked(upload, run_id)
    await begin_import(current().principal, run_id, upload, file, options)
    await connection().execute(_BEGUN[check], current().tenant_id, upload.id, run_id)
    return run_id


async def _linked(upload: Kept, run_id: UUID) -> StoredFile:
    try:
        return await file_store().link(current().tenant_id, upload.path, f"{FOLDER}/{run_id}")
    except FileNotFoundError:
        raise DomainError("not-found") from None


async def _opened(tenant_id: UUID, path: str, read: Callable[[BinaryIO], T]) -> T:
    """What `read` makes of the file, in a thread."""

    def work() -> T:
        with file_store().open(tenant_id, path) as file:
            return read(file)

    try:
        return await asyncio.to_thread(work)
    except FileNotFoundError:
        raise DomainError("not-found") from None

"""Takes an upload: the file into the store, then the import, its job and its first batch in one short scope.

A process that is killed on the way leaves a file that nothing leads to: a daily job sweeps it away.
"""

import hashlib
import json
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError, pointer
from saas.file_store import StoredFile, file_store
from saas.idempotency import digest
from saas.outbox import enqueue
from saas.principal import KeyScope, Principal
from saas.sandboxed import BESIDE, require_room
from saas.scope import connection, current, tenant_scope
from saas.settings import get_settings
from saas.validation import parse_body
from tenants.audit.record import record
from tenants.imports.options import FIELDS, ImportOptions, Kind
from tenants.imports.sweep import FOLDER, sweep_daily
from tenants.imports.upload import Upload
from tenants.jobs.job import new_job
from tenants.programme.versions import current_programme

JOB: Final = "import.batch"
NEEDS: Final[dict[Kind, KeyScope]] = {
    "members": "members:write",
    "purchases": "purchases:write",
    "activities": "purchases:write",
    "opening_balances": "wallet:write",
}
_HEAD: Final = [["content-type", "application/json"]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends the file. `idempotency_key` as it came."""

    tenant_id: UUID
    principal: Principal
    request_id: str | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The 202 answer. `replayed`: an earlier import's answer, by its idempotency key."""

    body: bytes
    replayed: bool


def may_import(principal: Principal, kind: Kind) -> bool:
    """Whether who asks may bring in a file of this kind, and so see and stop what others brought in: its errors quote
    what stands there, phones and all.
    """
    return principal.role != "clerk" and principal.may(NEEDS[kind])


def require_importer(principal: Principal, kind: Kind) -> None:
    """A file would give points and money back past what a clerk may do alone: clerks import nothing. Raises DomainError
    `forbidden`, `not-permitted`.
    """
    if not principal.may(NEEDS[kind]):
        raise DomainError("forbidden", params={"scope": NEEDS[kind]})
    if principal.role == "clerk":
        raise DomainError("not-permitted")


async def start_import(caller: Caller, content_type: str, body: AsyncIterable[bytes]) -> Accepted:
    """Stores the file that `body` (multipart) brings and starts its import.

    Raises DomainError: what `Upload.pieces` raises, `import-options-invalid`, `forbidden`,
    `idempotency-key-invalid`, `idempotency-key-reused`, `idempotency-in-progress`.
    """
    key = None if caller.idempotency_key is None else digest(caller.idempotency_key)
    store, import_id = file_store(), uuid7()
    upload = Upload(content_type, body, get_settings().import_max_bytes)
    async with tenant_scope(caller.tenant_id):
        await sweep_daily()
    file = await store.put(caller.tenant_id, f"{FOLDER}/{import_id}", upload.pieces())
    try:
        options = _options(upload.options, caller.principal)
        accepted = await _record(caller, key, import_id, upload, file, options)
    except DomainError:  # any other error may have come after the COMMIT: then the file is needed
        await store.delete(caller.tenant_id, file.path)
        raise
    if accepted.replayed:
        await store.delete(caller.tenant_id, file.path)
    return accepted


def _options(raw: bytes, principal: Principal) -> ImportOptions:
    try:
        options = parse_body(ImportOptions, raw)
    except DomainError as error:
        errors = [FieldError(f"/options{e.pointer}", e.code, e.params) for e in error.errors]
        errors = errors or [FieldError("/options", "wrong-format")]
        raise DomainError("import-options-invalid", errors=errors) from None
    require_importer(principal, options.kind)
    return options


class Sent(Protocol):
    """A file as it was sent: its size in bytes and SHA-256, its name and type."""

    @property
    def size(self) -> int: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def filename(self) -> str: ...
    @property
    def media_type(self) -> str: ...


async def _record(
    caller: Caller, key: bytes | None, import_id: UUID, upload: Upload, file: StoredFile, options: ImportOptions
) -> Accepted:
    fingerprint = fingerprint_of(upload, options)
    body = json.dumps({"import_id": str(import_id), "job_id": str(import_id)}).encode()
    try:
        async with tenant_scope(caller.tenant_id, principal=caller.principal, request_id=caller.request_id):
            if key is not None:
                earlier = await _claim(caller.tenant_id, key, fingerprint, body)
                if earlier is not None:
                    return Accepted(earlier, replayed=True)
            await begin_import(caller.principal, import_id, upload, file, options)
    except asyncpg.LockNotAvailableError:
        raise DomainError("idempotency-in-progress", headers={"Retry-After": "1"}) from None
    return Accepted(body, replayed=False)


async def begin_import(
    principal: Principal, import_id: UUID, sent: Sent, file: StoredFile, options: ImportOptions
) -> None:
    """The import of a stored file, in the current scope: its row, its job and its first batch.

    Raises DomainError `tenant-closed`, `sandbox-full`, `import-options-invalid`.
    """
    await _require_open(current().tenant_id)
    await _require_known(options)
    await _insert(principal, import_id, sent, file, options)
    detail = {"kind": options.kind, "bytes": sent.size, "sha256": sent.digest.hex()}
    await record("import.start", f"import:{import_id}", detail)
    await enqueue(JOB, {"import_id": str(import_id), "batch": 0})


async def _require_open(tenant_id: UUID) -> None:
    row: Any = await connection().fetchrow(
        f"SELECT status, {BESIDE} AS beside FROM tenant WHERE tenant_id = $1", tenant_id
    )
    if row["status"] in CLOSED:
        raise DomainError("tenant-closed")
    if row["beside"]:
        await require_room()


async def _require_known(options: ImportOptions) -> None:
    """What a mapping of a member file names beside our own fields are attributes that the programme declares."""
    fields = FIELDS[options.kind]
    others = {column: name for column, name in (options.mapping or {}).items() if name not in fields}
    if not others:
        return
    declared = [attribute.code for attribute in (await current_programme()).attributes]
    expected = {"expected": ", ".join((*fields, *declared))}
    at = {column: pointer("options", "mapping", column) for column, name in others.items() if name not in declared}
    if at:
        errors = [FieldError(place, "not-allowed", expected) for place in at.values()]
        raise DomainError("import-options-invalid", errors=errors)


def fingerprint_of(upload: Sent, options: ImportOptions) -> bytes:
    """Of what was asked: the options, the file's size and digest. Its name doesn't count."""
    canonical = json.dumps(options.model_dump(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"/v1/imports|{canonical}|{upload.size}|{upload.digest.hex()}".encode()).digest()


async def _claim(tenant_id: UUID, key: bytes, fingerprint: bytes, body: bytes) -> bytes | None:
    """Stores the answer under the key, or returns the one stored. Waits for another request with this key."""
    tag = await connection().execute(
        "INSERT INTO idempotency AS i (tenant_id, key, fingerprint, status, head, body)"
        " VALUES ($1, $2, $3, 202, $4, $5) ON CONFLICT DO NOTHING",
        tenant_id,
        key,
        fingerprint,
        json.dumps(_HEAD).encode(),
        body,
    )
    if tag == "INSERT 0 1":
        return None
    row = await connection().fetchrow(
        "SELECT fingerprint, body FROM idempotency WHERE tenant_id = $1 AND key = $2", tenant_id, key
    )
    if row is None:
        raise DomainError("idempotency-in-progress", headers={"Retry-After": "1"})
    if row["fingerprint"] != fingerprint:
        raise DomainError("idempotency-key-reused")
    stored: bytes = row["body"]
    return stored


async def _insert(principal: Principal, import_id: UUID, sent: Sent, file: StoredFile, options: ImportOptions) -> None:
    asked = {**options.model_dump(), "filename": sent.filename, "media_type": sent.media_type}
    branches = principal.branch_ids
    await new_job(import_id, "import")
    await connection().execute(
        "INSERT INTO import_run AS r"
        " (tenant_id, id, kind, options, fingerprint, file, file_size, actor, branch_ids, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued')",
        current().tenant_id,
        import_id,
        options.kind,
        asked,
        fingerprint_of(sent, options),
        file.path,
        file.size,
        principal.actor,
        None if branches is None else sorted(branches),
    )

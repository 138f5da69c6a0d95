"""A link to an export's file, for who has no key and no session: signed, good for an hour, kept nowhere."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.clock import system_now
from saas.errors import DomainError
from saas.secrets import InvalidSecretError, sign, verify
from saas.settings import get_settings

PATH: Final = "/exports/files/"
GOOD_FOR: Final = timedelta(hours=1)
_PURPOSE: Final = "export-file"
_PARTS: Final = struct.Struct(">16s16sQ")
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Link:
    """Which chain's export, and who made the link."""

    tenant_id: UUID
    export_id: UUID
    actor: str


def link_to(tenant_id: UUID, export_id: UUID, actor: str) -> dict[str, Any]:
    """`{url, expires_at}`."""
    until = (system_now() + GOOD_FOR).replace(microsecond=0)
    said = _PARTS.pack(tenant_id.bytes, export_id.bytes, int(until.timestamp())) + actor.encode()
    return {"url": get_settings().public_url.rstrip("/") + PATH + sign(_PURPOSE, said), "expires_at": until}


def read_link(token: str) -> Link:
    """Raises DomainError `not-found` for a text that is no link of ours, `export-link-expired` after its hour."""
    if len(token) > _LONGEST:
        raise DomainError("not-found")
    try:
        said = verify(_PURPOSE, token)
    except InvalidSecretError:
        raise DomainError("not-found") from None
    tenant, export, until = _PARTS.unpack_from(said)
    if datetime.fromtimestamp(until, UTC) <= system_now():
        raise DomainError("export-link-expired")
    return Link(UUID(bytes=tenant), UUID(bytes=export), said[_PARTS.size :].decode())

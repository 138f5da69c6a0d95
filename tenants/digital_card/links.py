"""Links to digital cards: signed, so that nobody can guess one; numbered, so that staff can end those given out.

A link is kept nowhere. It says the chain, the member and its version; without a row in `card_link` that is 1. Who has
the link sees the card and can show who it is at the till; to spend, the phone has to be confirmed (`phones`).
"""

import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from saas.secrets import InvalidSecretError, sign, verify
from saas.settings import get_settings
from tenants.audit.record import record
from tenants.members.row import lock_member, member_row
from tenants.members.whereabouts import united

PATH: Final = "/c/"
_PURPOSE: Final = "digital-card"
_PARTS: Final = struct.Struct(">16s16sI")
_LONGEST: Final = 120
_FIRST: Final = 1

_VERSION: Final = "SELECT l.version FROM card_link AS l WHERE l.tenant_id = $1 AND l.member_id = $2"
# Those of merged records lead to the survivor: they end with its own.
_END: Final = """
INSERT INTO card_link AS l (tenant_id, member_id, version, changed_at)
SELECT $1, u.id, 2, clock_timestamp() + t.clock_offset
  FROM unnest($2::uuid[]) AS u (id) JOIN tenant AS t ON t.tenant_id = $1 ORDER BY u.id
ON CONFLICT (tenant_id, member_id) DO UPDATE SET version = l.version + 1, changed_at = excluded.changed_at
"""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says; whether it still holds is for `holder_of`. `text` is its last part, as it was given out."""

    tenant_id: UUID
    member_id: UUID
    version: int
    text: str

    @property
    def path(self) -> str:
        return PATH + self.text


async def card_link(member_id: UUID) -> Link:
    """The link of the member that the id leads to, which holds until `end_links`; always the same until then.

    Raises DomainError `not-found`, `member-closed`.
    """
    member = await member_row(member_id)
    if member["status"] != "active":
        raise DomainError("member-closed")
    tenant_id = current().tenant_id
    version = await _version(member["id"])
    text = sign(_PURPOSE, _PARTS.pack(tenant_id.bytes, member["id"].bytes, version))
    return Link(tenant_id, member["id"], version, text)


async def card_address(member_id: UUID) -> str:
    """The address of the member's digital card, for the member alone: a QR code to scan, a message to its phone.

    Raises DomainError `not-found`, `member-closed`.
    """
    return get_settings().public_url.rstrip("/") + (await card_link(member_id)).path


def read_link(text: str) -> Link:
    """What a link says, before any scope: its chain. Raises DomainError `not-found` for a text that was never ours."""
    try:
        tenant, member, version = _PARTS.unpack(verify(_PURPOSE, text[:_LONGEST]))
    except (InvalidSecretError, struct.error):
        raise DomainError("not-found") from None
    return Link(UUID(bytes=tenant), UUID(bytes=member), version, text)


async def holder_of(link: Link) -> UUID:
    """The member whose card it is, in the link's own scope; a merged record leads to its survivor.

    Raises DomainError `not-found` for a link that was ended, and for a member who has left.
    """
    if await _version(link.member_id) != link.version:
        raise DomainError("not-found")
    member = await member_row(link.member_id)
    if member["status"] != "active":
        raise DomainError("not-found")
    holder: UUID = member["id"]
    return holder


async def end_links(member_id: UUID) -> None:
    """The links given out so far lead nowhere from here on, and phones confirmed by them are no more; `card_link` gives
    a new one. Raises DomainError `not-found`.
    """
    member = await lock_member(member_id)
    await connection().execute(_END, current().tenant_id, await united(member["id"]))
    await record("card.end_links", f"member:{member['id']}")


async def _version(member_id: UUID) -> int:
    found: int | None = await connection().fetchval(_VERSION, current().tenant_id, member_id)
    return found or _FIRST

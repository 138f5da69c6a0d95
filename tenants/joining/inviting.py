"""A member brings somebody: the sign-up page with the member's mark, which says who without telling it to anybody."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from saas.secrets import keyed_hashes
from tenants.cards.qr import qr_svg
from tenants.joining.codes import join_address
from tenants.joining.settings import join_page
from tenants.members.referrers import require_referrer

_PURPOSE: Final = "invited-by"
_TAG: Final = 8  # 64 bits: whoever guesses one has brought somebody in another's name, no more
_ID: Final = 16
_CHAIN_CODE: Final = """
SELECT j.code FROM platform.join_code AS j WHERE j.tenant_id = $1 AND j.branch_id IS NULL AND j.ended_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Invitation:
    """For a friend: the address, and its QR code."""

    address: str
    qr: str


async def invitation(member_id: UUID) -> Invitation | None:
    """The member's own address of the sign-up page; None where the chain has none that is open."""
    code = await connection().fetchval(_CHAIN_CODE, current().tenant_id)
    if code is None or not (await join_page()).open:
        return None
    address = f"{join_address(code)}?r={mark_of(member_id)}"
    return Invitation(address, qr_svg(address))


def mark_of(member_id: UUID) -> str:
    """32 letters that say who brings somebody, in this chain."""
    tag = _tags(member_id)[0]
    return base64.urlsafe_b64encode(member_id.bytes + tag).decode()


async def bringer(mark: str) -> UUID | None:
    """The active member of a mark; None for a mark that isn't ours, or of who has left."""
    try:
        raw = base64.b64decode(mark, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID + _TAG:
        return None
    member_id = UUID(bytes=raw[:_ID])
    if not any(hmac.compare_digest(raw[_ID:], tag) for tag in _tags(member_id)):
        return None
    try:
        return await require_referrer(member_id)
    except DomainError:
        return None


def _tags(member_id: UUID) -> list[bytes]:
    bound_to = current().tenant_id.bytes
    return [one[:_TAG] for one in keyed_hashes(_PURPOSE, member_id.bytes, bound_to=bound_to)]

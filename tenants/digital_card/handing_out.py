"""Giving a member its card: staff show the QR code to the phone across the counter, or send the address by SMS."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DEFAULT_LANGUAGE, DomainError
from saas.i18n import as_language
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.digital_card.links import card_address
from tenants.digital_card.sms_codes import can_send
from tenants.digital_card.throttle import count
from tenants.members.row import lock_active, member_row
from tenants.members.terms import present_terms
from tenants.messages.sending import send

PURPOSE: Final = "card_link"
_MOST: Final = 3
_WINDOW_SECONDS: Final = 15 * 60
_CHAIN: Final = "SELECT t.name, t.locale FROM tenant AS t WHERE t.tenant_id = $1"
_UNVERIFIED: Final = "SELECT m.phone_unverified FROM member AS m WHERE m.tenant_id = $1 AND m.id = $2"
_VERIFIED: Final = """
UPDATE member AS m SET phone_unverified = false WHERE m.tenant_id = $1 AND m.id = $2 AND m.phone_unverified
RETURNING m.id
"""
_TEXTS: Final = {
    "zh-CN": "【{chain}】您的会员卡：{url} 打开无需密码，请勿转发。",
    "en": "{chain}: your membership card: {url} It opens without a password; keep it to yourself.",
}


async def shown_address(member_id: UUID) -> str:
    """The address, for the member who stands there; who looked is in the audit log.

    Raises DomainError `not-found`, `member-closed`.
    """
    member = await member_row(member_id)
    address = await card_address(member["id"])
    await record("card.link", f"member:{member['id']}")
    return address


async def send_address(member_id: UUID) -> None:
    """The same by SMS to the member's number.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `phone-missing`, `rate-limited` after three in
    fifteen minutes, `unavailable`.
    """
    member = await lock_active(member_id)
    await present_terms()
    if member["phone"] is None or not can_send():
        raise DomainError("phone-missing")
    await count("card-link-sms", str(member["id"]), _MOST, _WINDOW_SECONDS, must=True)
    await send(member["id"], "sms", PURPOSE, await card_text(member["id"]), marketing=False)
    await record("card.send_link", f"member:{member['id']}")


async def card_text(member_id: UUID) -> str:
    """What the SMS says, in the chain's language. Raises DomainError `not-found`, `member-closed`."""
    chain: asyncpg.Record | None = await connection().fetchrow(_CHAIN, current().tenant_id)
    if chain is None:
        raise DomainError("not-found")
    language = as_language(chain["locale"]) or DEFAULT_LANGUAGE
    return _TEXTS[language].format(chain=chain["name"], url=await card_address(member_id))


async def phone_is_unverified(member_id: UUID) -> bool:
    """Whether the number was typed on the sign-up page and nobody has seen yet that it is the member's."""
    return bool(await connection().fetchval(_UNVERIFIED, current().tenant_id, member_id))


async def verify_phone(member_id: UUID, by: str) -> None:
    """Somebody has seen that the number is the member's: `by` staff or sms. Again is fine.

    Raises DomainError `not-found`, `member-closed`.
    """
    member = await lock_active(member_id)
    if await connection().fetchval(_VERIFIED, current().tenant_id, member["id"]) is not None:
        await record("member.phone_verified", f"member:{member['id']}", {"by": by})

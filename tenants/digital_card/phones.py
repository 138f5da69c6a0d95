"""Phones that may spend: the member's own, confirmed once by a code that was sent to its number.

A link can be forwarded, photographed or looked at by who hands it out, so a link alone only shows and names. What a
confirmed phone has is a cookie, signed and bound to the link, its version and the number: a new link or a new number,
and the phone has to be confirmed again.
"""

import hmac
from typing import Final
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from saas.cookies import cookie_of, lasting_cookie
from saas.errors import DEFAULT_LANGUAGE, DomainError
from saas.i18n import as_language
from saas.scope import connection, current
from saas.secrets import InvalidSecretError, keyed_hashes, sign, verify
from tenants.digital_card.handing_out import verify_phone
from tenants.digital_card.links import PATH, Link
from tenants.digital_card.sms_codes import MINUTES, can_send, check_code, new_code
from tenants.digital_card.throttle import count
from tenants.members.row import member_row
from tenants.messages.sending import send

PURPOSE: Final = "card_phone"
SMS_CODES: Final = 3
WINDOW_SECONDS: Final = 15 * 60
SMS_A_DAY: Final = 10  # whoever has the link can have them sent: at the chain's cost, to the member's phone
_DAY_SECONDS: Final = 24 * 3600
_LASTS_SECONDS: Final = 400 * 24 * 3600  # what browsers keep at the most
_SIGNED: Final = "card-phone"
_CHAIN: Final = "SELECT t.name, t.locale FROM tenant AS t WHERE t.tenant_id = $1"
_TEXTS: Final = {
    "zh-CN": "【{chain}】验证码 {code}，用于在这部手机上启用会员卡付款，{minutes} 分钟内有效。请勿告诉他人。",
    "en": "{chain}: {code} lets your membership card pay from this phone. Valid {minutes} minutes. Tell it to nobody.",
}


def may_confirm(phone: str | None) -> bool:
    """Whether there is a number to send a code to, and a way to send it."""
    return phone is not None and can_send()


async def send_phone_code(link: Link, holder: UUID) -> None:
    """Sends the digits to the member's number. Raises DomainError `phone-missing`, `rate-limited`, `unavailable`."""
    member = await member_row(holder)
    if not may_confirm(member["phone"]):
        raise DomainError("phone-missing")
    await count("card-sms", str(holder), SMS_CODES, WINDOW_SECONDS, must=True)
    await count("card-sms-day", str(holder), SMS_A_DAY, _DAY_SECONDS, must=True)
    code = await new_code(_about(link))
    chain = await connection().fetchrow(_CHAIN, current().tenant_id)
    if chain is None:
        raise DomainError("not-found")
    language = as_language(chain["locale"]) or DEFAULT_LANGUAGE
    text = _TEXTS[language].format(chain=chain["name"], code=code, minutes=MINUTES)
    await send(holder, "sms", PURPOSE, text, marketing=False)


async def confirm_phone(link: Link, holder: UUID, code: str) -> Cookie | None:
    """The cookie of a phone whose digits are right; None for wrong ones. Raises DomainError `unavailable`."""
    if not await check_code(_about(link), code):
        return None
    return await confirmed_cookie(link, holder)


async def confirmed_cookie(link: Link, holder: UUID) -> Cookie:
    """The same for a phone that has shown already that it has the member's number."""
    await verify_phone(holder, "sms")
    member = await member_row(holder)
    # "lax": cards are opened from chats
    return lasting_cookie(_name(link), sign(_SIGNED, _bound(link, member["phone"])), PATH, seconds=_LASTS_SECONDS)


def is_confirmed(asked: ASGIConnection, link: Link, phone: str | None) -> bool:  # type: ignore[type-arg]  # any user
    """Whether the card is looked at on a phone that was confirmed for it."""
    try:
        said = verify(_SIGNED, cookie_of(asked, _name(link), PATH))
    except InvalidSecretError:
        return False
    return phone is not None and any(hmac.compare_digest(said, one) for one in _all_bound(link, phone))


def _about(link: Link) -> str:
    return f"card:{link.tenant_id}:{link.member_id}:{link.version}"


def _name(link: Link) -> str:
    return f"card-{link.member_id.hex[-12:]}"


def _bound(link: Link, phone: str) -> bytes:
    return _all_bound(link, phone)[0]


def _all_bound(link: Link, phone: str) -> list[bytes]:
    """What a cookie says, under each key: nothing of it can be read."""
    return keyed_hashes(_SIGNED, f"{_about(link)}:{phone}".encode())

"""Making what a member consents with: codes for its digital card, codes by SMS, its PIN."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.errors import DEFAULT_LANGUAGE, DomainError, FieldError
from saas.i18n import as_language, tongue
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.cards.qr import qr_svg
from tenants.confirming.codes import make_code
from tenants.confirming.pins import forget_pins, keep_pin
from tenants.confirming.throttle import count_sms
from tenants.members.row import lock_active
from tenants.members.terms import present_terms
from tenants.messages.sending import send

PURPOSE: Final = "wallet_code"
_CHAIN: Final = "SELECT t.name, t.locale, t.currency FROM tenant AS t WHERE t.tenant_id = $1"
_TEXTS: Final = {
    "zh-CN": "【{chain}】验证码 {code}，用于储值支付 {amount}，5 分钟内有效。请只在本人付款时告知收银员。",
    "en": "{chain}: {code} confirms paying {amount} from your wallet. Valid 5 minutes. Tell it to the cashier only if"
    " you are paying.",
}
_ROWS: Final = ("01234567890", "09876543210")


@dataclass(frozen=True, slots=True)
class ShownCode:
    """For the digital card: the text, its end, and the QR code that shows it, as SVG."""

    code: str
    expires_at: datetime
    qr: str


async def code_for_card(member_id: UUID, amount: int | None, *, names_only: bool = False) -> ShownCode:
    """A one-minute code; `names_only`: one that says who it is and pays nothing.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`.
    """
    member = await lock_active(member_id)
    await present_terms()
    code, expires_at = await make_code(member["id"], "qr", amount, member["locked_at"], names_only=names_only)
    return ShownCode(code, expires_at, qr_svg(code))


async def code_by_sms(member_id: UUID, amount: int) -> datetime:
    """Sends six digits to the member's phone, which hold for five minutes; a former one holds no more. Returns their
    end.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `phone-missing`, and `rate-limited` after three
    in fifteen minutes.
    """
    member = await lock_active(member_id)
    await present_terms()
    if member["phone"] is None:
        raise DomainError("phone-missing")
    await count_sms(current().tenant_id, member["id"])
    code, expires_at = await make_code(member["id"], "sms", amount, member["locked_at"])
    chain = await connection().fetchrow(_CHAIN, current().tenant_id)
    if chain is None:
        raise DomainError("not-found")
    language = as_language(chain["locale"]) or DEFAULT_LANGUAGE
    money = tongue(language).money(amount, chain["currency"])
    text = _TEXTS[language].format(chain=chain["name"], code=code, amount=money)
    await send(member["id"], "sms", PURPOSE, text, marketing=False, expires_at=expires_at)
    return expires_at


def require_unlike_others(pin: str) -> None:
    """Raises DomainError `validation-failed` for six equal digits, or a row of them up or down."""
    if len(set(pin)) == 1 or any(pin in row for row in _ROWS):
        raise DomainError("validation-failed", errors=[FieldError("/pin", "pin-too-easy")])


async def set_pin(member_id: UUID, hashed: str) -> None:
    """Keeps the hash of a new PIN of this very member, by `pin_hash`.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, and `busy` where it was merged meanwhile.
    """
    member = await lock_active(member_id)
    await present_terms()
    if member["id"] != member_id:  # the hash is bound to the one it was made for
        raise DomainError("busy")
    await keep_pin(member["id"], hashed)
    await record("member.pin", f"member:{member['id']}", {"set": True})


async def remove_pin(member_id: UUID) -> None:
    """Takes the PIN away; without one it's fine. Raises DomainError `not-found`, `member-closed`, `tenant-closed`."""
    member = await lock_active(member_id)
    await present_terms()
    if await forget_pins([member["id"]]):
        await record("member.pin", f"member:{member['id']}", {"set": False})

"""Whether the member consents to a payment from the wallet, for whoever writes it."""

from datetime import datetime
from uuid import UUID

from saas.errors import DomainError
from saas.scope import current
from tenants.confirming.codes import named_by, use_code
from tenants.confirming.consent import PinConsent, QrConsent, SmsConsent
from tenants.confirming.pins import check_pin
from tenants.confirming.throttle import count_try, forgive


async def confirm(
    member_id: UUID, amount: int, consent: QrConsent | SmsConsent | PinConsent | None, now: datetime
) -> None:
    """Holds the consent against the member: `amount` in minor units from its wallet, at `now` on the tenant's clock.

    To be called in the transaction that pays, behind the member's lock (`member_id` is the locked survivor) and before
    anything is written: a code is used up with it, or not at all where it rolls back. What is wrong counts in any case.
    A repeat of a payment that was recorded finds its code used: where this raises, look for the first answer.

    Raises DomainError `consent-required` without one; `consent-refused` for a wrong, ended or used one, or one for
    less; `rate-limited` after five wrong ones in fifteen minutes; `unavailable` while tries can't be counted.
    """
    if consent is None:
        raise DomainError("consent-required")
    tenant_id = current().tenant_id
    await count_try(tenant_id, member_id, guessable=not isinstance(consent, QrConsent))
    if isinstance(consent, PinConsent):
        right = await check_pin(member_id, consent.pin)
    else:
        right = await use_code(member_id, consent.type, consent.code, amount, now)
    if not right:
        raise DomainError("consent-refused")
    await forgive(tenant_id, member_id)


async def member_of_code(code: str, now: datetime) -> UUID:
    """Whose digital card shows this QR code. It stays unused: the same code may then confirm the payment.

    Raises DomainError `code-ended` for one that nobody has, or that was used or has ended.
    """
    named = await named_by(code)
    if named is None or named.holds_until is None or named.holds_until <= now:
        raise DomainError("code-ended")
    return named.member_id


async def member_of_any_code(code: str) -> UUID | None:
    """The same for the repeat of a payment, whose code is used or over by then: only to find its first answer."""
    named = await named_by(code)
    return None if named is None else named.member_id

"""Whether the member consents to a payment from the wallet, for whoever writes it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from saas.errors import DomainError
from saas.scope import current
from tenants.confirming.codes import named_by, use_code
from tenants.confirming.consent import PinConsent, QrConsent, SmsConsent
from tenants.confirming.pins import Looked, check_pin, look_at_pin
from tenants.confirming.throttle import count_try, forgive

Consent = QrConsent | SmsConsent | PinConsent


@dataclass(frozen=True, slots=True)
class Ahead:
    """A member's PIN that was looked at before its lock; `refused`: it wasn't, there were too many wrong ones."""

    member_id: UUID
    looked: Looked | None
    refused: DomainError | None = None


async def look_ahead(member_id: UUID, consent: PinConsent, stored: str | None) -> Ahead:
    """Looks at a PIN, which takes its time, for a `confirm` that follows behind the lock. It counts as a try. `stored`:
    what is kept of the member's (`pins.STORED`).
    """
    tenant_id = current().tenant_id
    try:
        await count_try(tenant_id, member_id, guessable=True)
    except DomainError as refused:
        return Ahead(member_id, None, refused)
    looked = await look_at_pin(member_id, consent.pin, stored)
    if looked.right:
        await forgive(tenant_id, member_id)
    return Ahead(member_id, looked)


async def confirm(
    member_id: UUID, amount: int, consent: Consent | None, now: datetime, ahead: Ahead | None = None
) -> None:
    """Holds the consent against the member: `amount` in minor units from its wallet, at `now` on the tenant's clock.

    To be called in the transaction that pays, behind the member's lock (`member_id` is the locked survivor) and before
    anything is written: a code is used up with it, or not at all where it rolls back. What is wrong counts in any case.
    A repeat of a payment that was recorded finds its code used: where this raises, look for the first answer.
    `ahead`: what this very consent was before the lock.

    Raises DomainError `consent-required` without one; `consent-refused` for a wrong, ended or used one, or one for
    less; `rate-limited` after five wrong ones in fifteen minutes; `unavailable` while tries can't be counted.
    """
    if consent is None:
        raise DomainError("consent-required")
    known = ahead if ahead is not None and ahead.member_id == member_id else None
    if known is None:
        await count_try(current().tenant_id, member_id, guessable=not isinstance(consent, QrConsent))
    elif known.refused is not None:
        raise known.refused
    if isinstance(consent, PinConsent):
        right = await check_pin(member_id, consent.pin, None if known is None else known.looked)
    else:
        right = await use_code(member_id, consent.type, consent.code, amount, now)
    if not right:
        raise DomainError("consent-refused")
    if known is None:
        await forgive(current().tenant_id, member_id)


async def member_of_code(code: str, now: datetime) -> UUID:
    """Whose digital card shows this QR code. It stays unused: the same code may then confirm the payment.

    Raises DomainError `code-ended` for one that nobody has, or that was used or has ended.
    """
    named = await named_by(code)
    if named is None or named.holds_until is None or named.holds_until <= now:
        raise DomainError("code-ended")
    return named.member_id


async def code_pays(code: str) -> bool:
    """Whether a code that holds consents to a payment, and doesn't merely say who it is."""
    named = await named_by(code)
    return named is not None and named.pays


async def member_of_any_code(code: str) -> UUID | None:
    """The same for the repeat of a payment, whose code is used or over by then: only to find its first answer."""
    named = await named_by(code)
    return None if named is None else named.member_id

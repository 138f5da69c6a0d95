"""Whom a ticket is of: by id, phone, card, or the QR code of the digital card."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from saas.clock import tenant_now
from saas.errors import DomainError
from tenants.confirming.confirm import member_of_any_code, member_of_code
from tenants.members.identities import CARD, PHONE
from tenants.members.whereabouts import locate, locate_identity, survivor_of
from tenants.purchases.bodies import TicketBody
from tenants.purchases.statements import lock_by_id, lock_by_identity


async def named(body: TicketBody) -> tuple[Callable[..., str], list[Any]]:
    """The statement that locks who the body means, and its parameters after the branch.

    Raises DomainError `code-ended` for a QR code that is over.
    """
    if body.phone is not None:
        return lock_by_identity, [PHONE, body.phone]
    if body.card_no is not None:
        return lock_by_identity, [CARD, body.card_no]
    if body.member_code is not None:
        return lock_by_id, [await member_of_code(body.member_code, await tenant_now())]
    return lock_by_id, [body.member_id]


async def located(body: TicketBody) -> UUID | None:
    """Whom the till means; None: nobody. Raises DomainError `unknown-member`, `member-closed`, `phone-shared`,
    `code-ended`.
    """
    if not body.has_member:
        return None
    if body.phone is not None:
        return await locate_identity(PHONE, body.phone)
    if body.card_no is not None:
        return await locate_identity(CARD, body.card_no)
    if body.member_code is not None:
        return await locate(await member_of_code(body.member_code, await tenant_now()))
    if body.member_id is None:
        raise DomainError("unknown-member")
    return await locate(body.member_id)


async def meant(body: TicketBody) -> UUID | None:
    """The member that the body's id or code leads to, whoever it is by now: for a first answer. A phone or card of who
    has left leads to nobody.
    """
    if body.member_code is not None:
        member_id = await member_of_any_code(body.member_code)
        return None if member_id is None else await survivor_of(member_id)
    return None if body.member_id is None else await survivor_of(body.member_id)

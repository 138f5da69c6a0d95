"""The member whom a till's entry names: by id, by phone or by card."""

from typing import Final, Self
from uuid import UUID

import asyncpg
from pydantic import model_validator

from saas.errors import DomainError, InvalidValueError
from saas.validation import Body, ExternalId
from tenants.members.bodies import Phone
from tenants.members.identities import CARD, PHONE
from tenants.members.row import lock_member
from tenants.members.whereabouts import locate, locate_identity, survivor_of

WHO: Final = frozenset({"member_id", "phone", "card_no"})
"""What of a body says who is meant: a merge or a new phone may have renamed it before the same is sent again."""


class OfMember(Body):
    """Exactly one of the three says whose it is."""

    ONE_OF = ("member_id", "phone", "card_no")

    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        given = sum(x is not None for x in (self.member_id, self.phone, self.card_no))
        if given > 1:
            raise InvalidValueError("one-of-identifiers", at="/member_id")
        if given == 0:
            raise InvalidValueError("identifier-missing", expected="member_id, phone, card_no")
        return self


async def active_named(body: OfMember) -> UUID:
    """The active member. Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `card-lost`."""
    found = await _by_identity(body)
    return await locate(_id(body)) if found is None else found


async def lock_named(body: OfMember) -> asyncpg.Record:
    """Locks the member, whether it is there or has left, and takes its next number (`row.lock_member`).

    Raises DomainError `unknown-member`, `phone-shared`, `card-lost`, and `member-closed` for one named by what leads to
    it no more.
    """
    member_id = await _by_identity(body) or _id(body)
    try:
        return await lock_member(member_id)
    except DomainError as error:
        if error.code != "not-found":
            raise
        raise DomainError("unknown-member") from None


async def names(body: OfMember, member_id: UUID) -> bool:
    """Whether the body means this member, or the one that it was merged into, whatever its status."""
    try:
        meant = await _by_identity(body) or await survivor_of(_id(body))
    except DomainError:
        return False
    return meant == await survivor_of(member_id)


async def _by_identity(body: OfMember) -> UUID | None:
    if body.phone is not None:
        return await locate_identity(PHONE, body.phone)
    return None if body.card_no is None else await locate_identity(CARD, body.card_no)


def _id(body: OfMember) -> UUID:
    if body.member_id is None:
        raise DomainError("unknown-member")
    return body.member_id

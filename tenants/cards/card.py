"""Cards as staff see them: issued, listed, reported lost, replaced."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.cards.keeping import DEAD, known_cards, show_newest
from tenants.cards.numbers import new_number
from tenants.events.emit import emit
from tenants.members.identities import CARD, claim, release
from tenants.members.row import lock_active
from tenants.members.terms import present_terms

_SHOWN: Final = "c.number, c.member_id, c.state, c.issued_at, c.changed_at, c.replaced_by, c.proof"
_READ: Final = f"SELECT {_SHOWN} FROM card AS c WHERE c.tenant_id = $1 AND c.number = $2"
_LIST: Final = f"""
SELECT {_SHOWN} FROM card AS c
 WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[])
   AND ($3::timestamptz IS NULL OR (c.issued_at, c.number) < ($3, $4))
 ORDER BY c.issued_at DESC, c.number DESC LIMIT $5
"""
_END: Final = """
UPDATE card AS c SET state = $3, changed_at = $4, replaced_by = $5, proof = $6 WHERE c.tenant_id = $1 AND c.number = $2
"""
_TAIL: Final = 4
_TRIES: Final = 20


async def issue(member_id: UUID, number: str | None) -> asyncpg.Record:
    """Gives the member one more card; without a number, one of ours. The new one is the member's `card_no`.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `card-taken` for a number that is or was somebody
    else's, `card-lost` for one of its own that was reported lost or replaced.
    """
    member = await lock_active(member_id)
    await present_terms()
    made = await _give(member["id"], number)
    await emit("member.updated", {"fields": ["card_no"]}, member_id=member["id"], at=member["locked_at"])
    await record("card.issue", f"member:{member['id']}", {"card": _tail(made)})
    return await card_row(made)


async def _give(member_id: UUID, number: str | None) -> str:
    given = number or await _unused()
    await claim(member_id, {CARD: given}, shared_phones=False)
    await show_newest(member_id)
    return given


async def _unused() -> str:
    for _ in range(_TRIES):
        number = new_number()
        if not await known_cards([number]):
            return number
    raise RuntimeError("no unused card number among so many")


async def report_lost(number: str) -> asyncpg.Record:
    """From now on the number leads to nobody, and a till is told so. One that is lost or replaced stays as it is.

    Raises DomainError `not-found`, `tenant-closed`, `card-not-active` for one that has ended.
    """
    card = await _lock(number)
    if card["state"] in DEAD:
        return card
    if card["state"] != "active":
        raise DomainError("card-not-active")
    await _end(card, "lost", None, None)
    await emit("member.updated", {"fields": ["card_no"]}, member_id=card["member_id"])
    await record("card.lost", f"member:{card['member_id']}", {"card": _tail(number)})
    return await card_row(number)


async def replace_card(number: str, new: str | None, proof: str) -> asyncpg.Record:
    """A new card in the place of an active or lost one. `proof`: how the member showed who it is. Returns the new one.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `card-not-active` for one that was replaced before
    or has ended, and what issuing raises.
    """
    if new == number:
        raise DomainError("card-taken", errors=[FieldError("/card_no", "card-taken")])
    card = await _lock(number)
    if card["state"] not in {"active", "lost"}:
        raise DomainError("card-not-active")
    member = await lock_active(card["member_id"])
    made = await _give(member["id"], new)
    await _end(card, "replaced", made, proof)
    await emit("member.updated", {"fields": ["card_no"]}, member_id=member["id"], at=member["locked_at"])
    await record("card.replace", f"member:{member['id']}", {"card": _tail(number), "new": _tail(made)})
    return await card_row(made)


async def _end(card: asyncpg.Record, state: str, replaced_by: str | None, proof: str | None) -> None:
    """The identity goes first: releasing it ends the card, which then gets its own state."""
    if card["state"] == "active":
        await release(card["member_id"], [(CARD, card["number"])])
    now: datetime = await connection().fetchval(_NOW, current().tenant_id)
    await connection().execute(_END, current().tenant_id, card["number"], state, now, replaced_by, proof)
    await show_newest(card["member_id"])


_NOW: Final = "SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1"


async def _lock(number: str) -> asyncpg.Record:
    """The card behind its member's lock. Raises DomainError `not-found`, `member-closed`, `tenant-closed`."""
    await present_terms()
    member = await lock_active((await card_row(number))["member_id"])
    card = await card_row(number)
    if card["member_id"] != member["id"]:
        raise DomainError("busy")
    return card


async def card_row(number: str) -> asyncpg.Record:
    """A card. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, number)
    if row is None:
        raise DomainError("not-found")
    return row


async def require_active(number: str) -> str:
    """The number, to be printed. Raises DomainError `not-found`, `card-lost`, `card-not-active`."""
    card = await card_row(number)
    if card["state"] in DEAD:
        raise DomainError("card-lost")
    if card["state"] != "active":
        raise DomainError("card-not-active")
    return number


async def cards_of(members: list[UUID], limit: int, before: tuple[datetime, str] | None) -> list[asyncpg.Record]:
    """Cards of these members, the newest first; one more row than `limit` where there are more."""
    at, number = before or (None, None)
    return await connection().fetch(_LIST, current().tenant_id, members, at, number, limit + 1)


def card_out(row: asyncpg.Record) -> dict[str, Any]:
    """As the API shows it."""
    return dict(row)


def _tail(number: str) -> str:
    """As much as the audit log may have of it."""
    return number[-_TAIL:] if len(number) > _TAIL else "…"

"""Many purchases in one request: applied in the order given, an outcome for each.

What is sold to a member depends on what the same member bought before and on nobody else, so plain sales of different
members are recorded together (`together`): the first of each, then the second of those who have one, and so on. Every
other sale is recorded alone, in a savepoint of its own, after those before it that it may depend on.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.confirming.confirm import member_of_any_code
from tenants.coupons.ledger import lock_printed
from tenants.members.identities import CARD, PHONE
from tenants.members.locking import lock_named
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.context import refs
from tenants.purchases.record import record_purchase
from tenants.purchases.recorded import Recorded
from tenants.purchases.statements import KNOWN_NUMBERS
from tenants.purchases.together import is_plain, record_together

MOST = 1000
_FEWEST: Final = 2
"""Together is faster from so many on."""
_ID: Final = "id"
_NAMED: Final = f"""
SELECT i.kind, i.value, i.member_id FROM member_identity i
 WHERE i.tenant_id = $1 AND (i.kind = '{PHONE}' AND i.value = ANY ($2) OR i.kind = '{CARD}' AND i.value = ANY ($3))
UNION ALL
SELECT '{_ID}', m.id::text, m.merged_into FROM member m
 WHERE m.tenant_id = $1 AND m.id = ANY ($4) AND m.merged_into IS NOT NULL"""

Outcome = Recorded | DomainError


async def record_batch(items: Sequence[Any]) -> list[Outcome]:
    """Records each item as if it came alone: a bad one changes nothing and stops no other.

    Raises DomainError `batch-too-large`.
    """
    if len(items) > MOST:
        raise DomainError("batch-too-large", params={"limit": MOST})
    parsed = [_parse(item) for item in items]
    good = {n: item for n, item in enumerate(parsed) if isinstance(item, PurchaseBody)}
    await _lock(list(good.values()))
    outcomes: dict[int, Outcome] = {n: item for n, item in enumerate(parsed) if isinstance(item, DomainError)}
    outcomes |= await _Batch(good, await _whose(good), await _known(good)).record()
    return [outcomes[n] for n in range(len(parsed))]


class _Batch:
    """Sales in their order. `whose`: the member's id where the body says it; `known`: whose number was used before."""

    def __init__(self, items: dict[int, PurchaseBody], whose: dict[int, UUID], known: set[int]) -> None:
        self._items, self._whose, self._known = items, whose, known
        self._waves: list[dict[UUID, int]] = []
        self._depth: dict[UUID, int] = {}
        self._numbers: set[tuple[UUID, str]] = set()
        self.outcomes: dict[int, Outcome] = {}

    async def record(self) -> dict[int, Outcome]:
        for n, body in self._items.items():
            who, number = self._whose.get(n), (body.branch_id, body.external_id)
            if who is not None and n not in self._known and number not in self._numbers and is_plain(body):
                depth = self._depth.get(who, 0)
                if depth == len(self._waves):
                    self._waves.append({})
                self._waves[depth][who] = n
                self._depth[who] = depth + 1
                self._numbers.add(number)
                continue
            unknown = who is None and body.has_member  # may lead to anybody
            if unknown or who in self._depth or number in self._numbers:
                await self._flush()
            self.outcomes[n] = await _one(body)
        await self._flush()
        return self.outcomes

    async def _flush(self) -> None:
        waves, self._waves, self._depth, self._numbers = self._waves, [], {}, set()
        for wave in waves:
            made: dict[UUID, Recorded] = {}
            if len(wave) >= _FEWEST:
                made = await record_together({who: self._items[n] for who, n in wave.items()})
            for who, n in wave.items():
                self.outcomes[n] = made[who] if who in made else await _one(self._items[n])


async def _whose(items: dict[int, PurchaseBody]) -> dict[int, UUID]:
    """The members that the bodies name by exactly one id, phone or card; a merged record's survivor."""
    phones = [item.phone for item in items.values() if item.phone is not None]
    cards = [item.card_no for item in items.values() if item.card_no is not None]
    ids = [item.member_id for item in items.values() if item.member_id is not None]
    rows = await connection().fetch(_NAMED, current().tenant_id, phones, cards, ids)
    found: dict[tuple[str, str], UUID] = {(row["kind"], row["value"]): row["member_id"] for row in rows}
    whose: dict[int, UUID] = {}
    for n, item in items.items():
        named = [found.get((PHONE, item.phone)) if item.phone is not None else None]
        named.append(found.get((CARD, item.card_no)) if item.card_no is not None else None)
        named.append(found.get((_ID, str(item.member_id)), item.member_id))
        there = [one for one in named if one is not None]
        if len(there) == 1 and item.member_code is None:
            whose[n] = there[0]
    return whose


async def _known(items: dict[int, PurchaseBody]) -> set[int]:
    """Those whose number has a purchase already."""
    bodies = list(items.values())
    branches, numbers = [body.branch_id for body in bodies], [body.external_id for body in bodies]
    rows = await connection().fetch(KNOWN_NUMBERS, current().tenant_id, branches, numbers)
    order = list(items)
    return {order[row["n"] - 1] for row in rows}


async def _lock(items: Sequence[PurchaseBody]) -> None:
    """All that the items are going to wait for, in the order that every writer keeps: a batch of others may name the
    same members, numbers and coupons in another one.
    """
    shown = {item.member_code for item in items if item.member_code is not None}
    by_code = [await member_of_any_code(code) for code in sorted(shown)]
    ids = [*(item.member_id for item in items), *by_code]
    await lock_named(ids, (item.phone for item in items), (item.card_no for item in items))
    await claim(f"purchase|{item.branch_id}|{item.external_id}" for item in items)
    coupons = [refs(item) for item in items]
    await lock_printed([one for given, _ in coupons for one in given], [one for _, given in coupons for one in given])


def _parse(item: Any) -> PurchaseBody | DomainError:
    try:
        return parse_item(PurchaseBody, item)
    except DomainError as error:
        return error


async def _one(item: PurchaseBody) -> Outcome:
    try:
        async with savepoint():
            return await record_purchase(item)
    except DomainError as error:
        return error

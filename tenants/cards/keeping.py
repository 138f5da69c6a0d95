"""The one writer of `card` rows. Whoever gives a member a card number, or takes it away, calls this too.

Of an active member: its active cards are its identities of kind `card`, and `member.card_no` is the newest of them. A
number once given stays its member's for ever: it is never given to somebody else, and a lost or replaced one to nobody.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from saas.scope import connection, current
from saas.secrets import keyed_hashes

State = Literal["active", "lost", "replaced", "ended"]
Refusal = Literal["card-taken", "card-lost"]

DEAD: Final = frozenset({"lost", "replaced"})
_PURPOSE: Final = "erased-card"
_NOBODY: Final = UUID(int=0)
_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1)"

NEWEST: Final = """(
    SELECT c.number FROM card AS c WHERE c.tenant_id = $1 AND c.member_id = {member} AND c.state = 'active'
     ORDER BY c.changed_at DESC, c.number DESC LIMIT 1)"""
"""What `member.card_no` is to be, for the SQL expression `{member}`; `$1` is the tenant."""

# Its own number a member may have again where it had merely ended; one that it has is the newest from now on.
_GIVE: Final = f"""
INSERT INTO card AS c (tenant_id, number, member_id, state, issued_at, changed_at, actor)
SELECT $1, n.number, n.member_id, 'active', {_NOW}, {_NOW}, $4
  FROM unnest($2::text[], $3::uuid[]) AS n (number, member_id) ORDER BY n.number
ON CONFLICT (tenant_id, number) DO UPDATE SET state = 'active', changed_at = excluded.changed_at
 WHERE c.member_id = excluded.member_id AND c.state IN ('active', 'ended')
RETURNING c.number
"""
_END: Final = f"""
UPDATE card AS c SET state = 'ended', changed_at = {_NOW}
  FROM unnest($2::text[], $3::uuid[]) AS n (number, member_id)
 WHERE c.tenant_id = $1 AND c.number = n.number AND c.member_id = n.member_id AND c.state = 'active'
"""
_MOVE: Final = "UPDATE card AS c SET member_id = $3 WHERE c.tenant_id = $1 AND c.member_id = $2"
_KNOWN: Final = (
    "SELECT c.number, c.member_id, c.state FROM card AS c WHERE c.tenant_id = $1 AND c.number = ANY($2::text[])"
)
_ANY_ERASED: Final = "SELECT EXISTS (SELECT FROM erased_identity AS e WHERE e.tenant_id = $1 AND e.kind = 'card')"
_WERE_ERASED: Final = (
    "SELECT e.hash FROM erased_identity AS e WHERE e.tenant_id = $1 AND e.kind = 'card' AND e.hash = ANY($2::bytea[])"
)
_SHOW_NEWEST: Final = (
    f"UPDATE member AS m SET card_no = {NEWEST.format(member='m.id')} WHERE m.tenant_id = $1 AND m.id = $2"
)
_OF: Final = "SELECT c.number FROM card AS c WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[])"
_REMEMBER: Final = """
INSERT INTO erased_identity AS e (tenant_id, kind, hash, erased_at)
SELECT $1, 'card', n.hash, clock_timestamp() FROM unnest($2::bytea[]) AS n (hash) ON CONFLICT DO NOTHING
"""
_FORGET: Final = """
UPDATE card AS c SET number = 'erased:' || uuidv7(), replaced_by = NULL, proof = NULL
 WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose card it is or was."""

    member_id: UUID
    state: State

    def refusal(self, member_id: UUID | None) -> Refusal | None:
        """Why this member (None: a new one) can't be given the number; None where it can."""
        if self.member_id != member_id:
            return "card-taken"
        return "card-lost" if self.state in DEAD else None


async def known_cards(numbers: Collection[str]) -> dict[str, Known]:
    """Those of these numbers that were ever given out; one of an erased person is nobody's, and ended."""
    if not numbers:
        return {}
    rows = await connection().fetch(_KNOWN, current().tenant_id, list(numbers))
    known = {row["number"]: Known(row["member_id"], row["state"]) for row in rows}
    if await connection().fetchval(_ANY_ERASED, current().tenant_id):
        hashes = {one: number for number in numbers for one in _hashes(number)}
        rows = await connection().fetch(_WERE_ERASED, current().tenant_id, list(hashes))
        known |= {hashes[row["hash"]]: Known(_NOBODY, "ended") for row in rows}
    return known


def _hashes(number: str) -> list[bytes]:
    """What is kept of an erased person's number, under each secret key, the newest first."""
    return keyed_hashes(_PURPOSE, number.encode(), bound_to=current().tenant_id.bytes)


async def give_card(member_id: UUID, number: str) -> Refusal | None:
    """Makes the number the member's newest active card, or says why not; then nothing was changed. The caller holds
    the member's lock and writes the identity.
    """
    found = (await known_cards([number])).get(number)
    refused = None if found is None else found.refusal(member_id)
    if refused is None and not await give_cards({number: member_id}):
        refused = "card-taken"  # a moment ago
    return refused


async def give_cards(cards: Mapping[str, UUID]) -> bool:
    """The same for many, number → member, that `known_cards` doesn't speak against. False where one was given to
    somebody else meanwhile: then the caller's work must not last.
    """
    if not cards:
        return True
    actor = current().principal.actor
    rows = await connection().fetch(_GIVE, current().tenant_id, list(cards), list(cards.values()), actor)
    return len(rows) == len(cards)


async def end_cards(cards: Mapping[str, UUID]) -> None:
    """These active cards, number → member, are cards no more."""
    if cards:
        await connection().execute(_END, current().tenant_id, list(cards), list(cards.values()))


async def move_cards(of: UUID, to: UUID) -> None:
    """Cards of a merged record, lost ones too, are the survivor's."""
    await connection().execute(_MOVE, current().tenant_id, of, to)


async def show_newest(member_id: UUID) -> None:
    """Sets `member.card_no`."""
    await connection().execute(_SHOW_NEWEST, current().tenant_id, member_id)


async def forget_cards(members: list[UUID]) -> None:
    """The numbers of erased people are gone from their cards; a keyed hash keeps anybody else from having them."""
    rows = await connection().fetch(_OF, current().tenant_id, members)
    await connection().execute(_REMEMBER, current().tenant_id, [_hashes(row["number"])[0] for row in rows])
    await connection().execute(_FORGET, current().tenant_id, members)

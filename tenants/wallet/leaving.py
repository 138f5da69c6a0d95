"""What becomes of stored value when its member leaves or is merged: principal stays payable, bonus ends."""

from uuid import UUID

import asyncpg

from saas.scope import current
from tenants.wallet import postings
from tenants.wallet.ledger import hand_over, post
from tenants.wallet.postings import Cause
from tenants.wallet.reading import read_wallet


async def void_bonus(member: asyncpg.Record) -> None:
    """All bonus of a member who leaves, under its lock (`id`, `seq`, `locked_at`)."""
    wallet = await read_wallet(member["id"])
    if wallet.bonus:
        await post([postings.void_bonus(_cause(member, member["id"]), wallet)])


async def merge_wallets(survivor: asyncpg.Record, other: asyncpg.Record, merge_id: UUID) -> None:
    """The other's balances and lots are the survivor's, under both locks (`id`, `seq`, `locked_at`)."""
    of, to = await read_wallet(other["id"]), await read_wallet(survivor["id"])
    await post(postings.merged(_cause(other, merge_id), _cause(survivor, merge_id), of, to))
    await hand_over(other["id"], survivor["id"])


def _cause(member: asyncpg.Record, source_id: UUID) -> Cause:
    return Cause(member["id"], member["seq"], source_id, None, member["locked_at"], current().principal.actor)

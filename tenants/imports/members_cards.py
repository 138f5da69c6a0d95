"""Cards that a batch of members gives and takes away; their identities are written before."""

from typing import Final

from tenants.cards.keeping import end_cards, give_cards
from tenants.imports.context import RetryBatchError
from tenants.imports.members_phones import Pair

CARD: Final = "card"


async def write_cards(before: set[Pair], after: set[Pair]) -> None:
    """What was given up ends, what is new is given. Raises RetryBatchError where somebody got a number meanwhile."""
    await end_cards({value: member for (kind, value), member in before - after if kind == CARD})
    if not await give_cards({value: member for (kind, value), member in after - before if kind == CARD}):
        raise RetryBatchError

"""Which way members are brought under new rules: by the run of a publish, and by a rebuild that comes to it."""

from typing import Final

from tenants.programme.document import Programme
from tenants.tiers.deciding import Way

_AT_ONCE: Final = frozenset({"now", "up_only"})


def moves_at_once(rules: Programme) -> bool:
    """Whether everyone gets the tier that these rules give them when they come into force."""
    return rules.published.transition in _AT_ONCE


def may_move(rules: Programme) -> bool:
    """Whether these rules can do anything to members by coming into force: else nobody has to be looked at."""
    if moves_at_once(rules) or rules.published.rolled_back_to is not None:
        return True
    return any(rules.lineage.get(ladder.code) for ladder in rules.ladders)


def way_of(rules: Programme) -> Way:
    """How they are brought in."""
    if rules.published.rolled_back_to is not None:
        return Way.ROLL_BACK
    return Way.PUBLISH_UP if rules.published.transition == "up_only" else Way.PUBLISH

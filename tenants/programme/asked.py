"""What a programme's tiers ask for."""

from tenants.programme.conditions import iter_leaves, parts
from tenants.programme.document import Programme


def asks_for_points(rules: Programme) -> bool:
    """Whether some tier depends on points earned: then points decide tiers."""
    return any(
        part.metric == "points_earned"
        for ladder in rules.ladders
        for tier in ladder.tiers
        for condition in (tier.qualify, tier.retain)
        if condition is not None
        for leaf in iter_leaves(condition)
        for part in parts(leaf)
    )

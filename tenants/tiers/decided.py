"""What the ladders of a statement decide, each a part of one CTE, and how the decisions are answered."""

from dataclasses import replace

from tenants.programme.compiler import Values
from tenants.tiers.steps import Deciding, Steps

DECISIONS = """
SELECT w.id AS member_id, w.number AS ladder, w.from_tier, w.to_tier, w.reason, w.decision_id
  FROM w ORDER BY w.number"""


def decided(
    values: Values, ladders: tuple[int, ...], steps: Steps, retarget: tuple[int, ...] = (), *, fact: bool = False
) -> str:
    """SQL of `d`: every ladder's rows as of `tenants.tiers.steps`. `retarget`: the ladders on which members get the
    tier that new rules give them; `fact`: at a fact of their own.
    """
    parts = (
        Deciding(values, j, _steps_of(values, j, steps, fact=fact) if j in retarget else steps).select()
        for j in ladders
    )
    return "d AS (" + "\n  UNION ALL".join(parts) + ")"


def _steps_of(values: Values, j: int, steps: Steps, *, fact: bool) -> Steps:
    """A fact moves members on ladders that it doesn't evaluate, but neither renews nor lowers them there."""
    only = fact and values.programme.ladders[j].policy.upgrade != "immediate"
    return replace(steps, retarget=True, only=only, kept=steps.again and not fact)

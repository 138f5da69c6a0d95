"""What a plan refuses: branches beyond those that it has room for. Members never."""

from typing import Final

from saas.errors import DomainError, Word
from saas.plans.catalogue import Plan

_NAMES: Final = {
    "trial": Word("plan-trial"),
    "starter": Word("plan-starter"),
    "growth": Word("plan-growth"),
    "chain": Word("plan-chain"),
}
"""The catalogue of errors calls them as the plans themselves are called; a test holds the two together."""


def plan_limit(plan: Plan) -> DomainError:
    """`plan-limit`: its branches are all open, or more than these."""
    return DomainError("plan-limit", params={"limit": plan.branches, "plan": plan.code, "name": _NAMES[plan.code]})

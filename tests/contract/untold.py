"""What was answered otherwise than the contract tells, and what to do then."""

from pathlib import Path
from typing import Final

_HELP: Final = """Where the product is wrong, mend it. Where it is right, the document lacks it:
- a refusal: saas/contract/walking.py finds it in the handler's code, saas/contract/refusals.py tells what a rule gives;
- anything else, and a refusal that hides from them, is learned from these tests, and then made into the client:
    CONTRACT_LEARN=/tmp/seen pytest TESTS && python -m tests.contract.learn /tmp/seen && make client"""
UNTOLD: Final[list[str]] = []
"""Filled by `contract.watching`."""
_LEARNED: Final = frozenset(
    {
        "billing",
        "cards",
        "contract",
        "digital_card",
        "joining",
        "members",
        "merging",
        "programme",
        "purchases",
        "refunds",
        "tiers",
        "undo",
    }
)
"""Folders whose answers were all learned, so that a new one is news."""


def refuse_untold(test: Path) -> None:
    """Raises AssertionError where something was added since it was asked last, by tests of this file."""
    found = "\n".join(dict.fromkeys(UNTOLD))
    UNTOLD.clear()
    assert not (found and test.parent.name in _LEARNED), (
        f"Answered otherwise than the contract tells:\n{found}\n\n{_HELP}"
    )

"""What was answered otherwise than the contract tells, and what to do then."""

from pathlib import Path
from typing import Final

_HELP: Final = """Where the product is wrong, mend it. Where it is right, the document lacks it:
- a refusal: saas/contract/walking.py finds it in the handler's code, saas/contract/refusals.py tells what a rule gives;
- anything else, and a refusal that hides from them, is learned from these tests, and then made into the client:
    CONTRACT_LEARN=/tmp/seen pytest TESTS && python -m tests.contract.learn /tmp/seen && make client"""
UNTOLD: Final[list[str]] = []
"""Filled by `contract.watching`."""
_NOT_YET: Final = frozenset(
    {
        *("isolation", "saas", "security", "jobs", "timeline", "industry_templates", "foodmart", "messages"),
        *("marketing", "counter", "console", "member_pages", "programme_pages", "settings_pages", "overview"),
        *("first_steps", "mail", "outgoing", "welcome", "samples", "verifying", "schema", "readme", "browser"),
    }
)
"""Folders whose answers weren't learned yet. All others are held; take a name out once its folder was learned."""


def refuse_untold(test: Path) -> None:
    """Raises AssertionError where something was added since it was asked last, by tests of this file."""
    found = "\n".join(dict.fromkeys(UNTOLD))
    UNTOLD.clear()
    held = test.parent.name not in _NOT_YET
    assert not (found and held), f"Answered otherwise than the contract tells:\n{found}\n\n{_HELP}"

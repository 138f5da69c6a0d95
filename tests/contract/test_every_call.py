"""Every operation answers, and as the contract says, in the story of one chain."""

from typing import Any, Final

from support.furnish import furnish

from contract.checking import Checker
from contract.every_call import Story
from contract.recorder import watch
from saas.contract.document import document
from saas.contract.operations import calls

ELSEWHERE: Final = {
    "POST /v1/approvals": "of people at tills, with their PIN: tests/staff",
    **{
        f"POST /v1/billing/{act}": "with a Stripe: tests/billing"
        for act in ("checkout", "portal", "change-plan", "cancel", "resume", "pay")
    },
}


async def test_every_operation_answers_as_the_contract_says(app: Any, new_chain: Any, drain: Any) -> None:
    checker = Checker(document(app))
    end = watch(app, checker)
    try:
        story = Story(app, await furnish(await new_chain(), drain, "4711"), drain)
        await story.tell()
    finally:
        end()
    assert story.odd == []
    assert checker.wrong == []
    assert {call.key for call in calls(app)} - checker.answered == ELSEWHERE.keys()

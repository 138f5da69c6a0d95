"""As of when a draft is held against what members hold, so that what it changes shows and nothing else.

Where only ladders are changed that decide when a period is over, it is their last run over everybody: three days into a
month nearly everybody would fall by what was bought in it so far. What members hold of these ladders is what that run
gave. Elsewhere, and before a first run, it is now.
"""

from datetime import datetime

from tenants.programme.document import Ladder
from tenants.programme.schedule import Daily
from tenants.programme_pages.drafting import Draft
from tenants.tiers.runs import ladder_runs


def changed_ladders(draft: Draft) -> list[str]:
    """The codes of ladders that the draft has otherwise, in its order; then of those that go."""
    if draft.rules is None:
        return []
    found = [ladder.code for ladder in draft.rules.ladders if ladder != draft.present.ladder(ladder.code)]
    return found + [ladder.code for ladder in draft.present.ladders if draft.rules.ladder(ladder.code) is None]


def by_period(draft: Draft) -> list[Ladder]:
    """The changed ladders, where each of them decides when a period is over and did so before."""
    found = []
    for code in changed_ladders(draft):
        before, after = draft.present.ladder(code), draft.rules.ladder(code) if draft.rules else None
        if before is None or after is None or before.policy.schedule != after.policy.schedule:
            return []
        if any(one.policy.upgrade != "scheduled" or isinstance(one.policy.schedule, Daily) for one in (before, after)):
            return []
        found.append(after)
    return found


async def held_against(draft: Draft) -> datetime | None:
    """The instant of the changed ladders' last run; None: now."""
    concerned = [ladder.code for ladder in by_period(draft)]
    runs = await ladder_runs() if concerned else {}
    instants = {runs[code].as_of if code in runs else None for code in concerned}
    return instants.pop() if len(instants) == 1 else None

"""Makes a random case that differs small enough to be read: fewer steps, ladders, conditions."""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from oracle.facts import Json
from oracle.strategies import Case, Step

Differs = Callable[[Case], Awaitable[bool]]
PLAIN: Json = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 1}
NEVER: Json = PLAIN | {"gte": 1000}


async def minimal(case: Case, differs: Differs) -> Case:
    """As much left out as still differs, one thing after the other."""
    for number in reversed(range(len(case.steps))):
        fewer = replace(case, steps=case.steps[:number] + case.steps[number + 1 :])
        case = fewer if await differs(fewer) else case
    for code in [ladder["code"] for ladder in case.programme["ladders"]]:
        left = [ladder for ladder in case.programme["ladders"] if ladder["code"] != code]
        fewer = replace(case, programme=case.programme | {"ladders": left}, steps=_without(code, case.steps))
        case = fewer if left and await differs(fewer) else case
    for ladder, tier, part, plain in list(_simpler(case)):
        programme: Any = json.loads(json.dumps(case.programme))
        programme["ladders"][ladder]["tiers"][tier][part] = plain
        simpler = replace(case, programme=programme)
        case = simpler if await differs(simpler) else case
    return case


def _without(code: str, steps: Sequence[Step]) -> list[Step]:
    """The steps of a case that has no such ladder: nothing fires for it at midnight."""
    left = [
        replace(step, wish=step.wish | {"ladders": [one for one in step.wish["ladders"] if one != code]})
        if step.kind == "midnight"
        else step
        for step in steps
    ]
    return [step for step in left if step.kind != "midnight" or step.wish["ladders"]]


def _simpler(case: Case) -> Iterator[tuple[int, int, str, Json | None]]:
    for number, ladder in enumerate(case.programme["ladders"]):
        for tier in range(1, len(ladder["tiers"])):
            yield number, tier, "retain", None
            yield number, tier, "qualify", PLAIN
            yield number, tier, "qualify", NEVER


def told(case: Case) -> str:
    """The case for a reader."""
    lines = [case.timezone, f"{ {name: str(day) for name, day in case.members.items()} } {case.referrers}"]
    for ladder in case.programme["ladders"]:
        lines.append(f"{ladder['code']} {json.dumps(ladder['policy'])}")
        lines += [
            f"  {t['code']} {json.dumps(t['qualify'])} kept by {json.dumps(t['retain'])}" for t in ladder["tiers"]
        ]
    lines += [f"{step.at} {step.kind} { {k: str(v) for k, v in step.wish.items()} }" for step in case.steps]
    return "\n".join(lines)

"""Makes a random case that differs small enough to be read: fewer steps, ladders, conditions."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from oracle.facts import Json
from oracle.strategies import Case

Differs = Callable[[Case], Awaitable[bool]]
PLAIN: Json = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 1}
NEVER: Json = PLAIN | {"gte": 1000}


async def minimal(case: Case, differs: Differs) -> Case:
    """As much left out as still differs, one thing after the other."""
    for number in reversed(range(len(case.steps))):
        fewer = replace(case, steps=case.steps[:number] + case.steps[number + 1 :])
        case = fewer if await differs(fewer) else case
    for code in [ladder["code"] for ladder in case.programme["ladders"]]:
        versions = [_without(code, one) for one in (case.programme, *(one.programme for one in case.revisions))]
        if all(one["ladders"] for one in versions):
            following = [replace(old, programme=new) for old, new in zip(case.revisions, versions[1:], strict=True)]
            fewer = replace(case, programme=versions[0], revisions=following)
            case = fewer if await differs(fewer) else case
    for ladder, tier, part, plain in list(_simpler(case)):
        programme: Any = json.loads(json.dumps(case.programme))
        programme["ladders"][ladder]["tiers"][tier][part] = plain
        simpler = replace(case, programme=programme)
        case = simpler if await differs(simpler) else case
    return case


def _without(code: str, programme: Json) -> Json:
    return programme | {"ladders": [ladder for ladder in programme["ladders"] if ladder["code"] != code]}


def _simpler(case: Case) -> Iterator[tuple[int, int, str, Json | None]]:
    for number, ladder in enumerate(case.programme["ladders"]):
        for tier in range(1, len(ladder["tiers"])):
            yield number, tier, "retain", None
            yield number, tier, "qualify", PLAIN
            yield number, tier, "qualify", NEVER


def told(case: Case) -> str:
    """The case for a reader."""
    lines = [case.timezone, f"{ {name: str(day) for name, day in case.members.items()} } {case.referrers}"]
    lines += _rules(case.programme)
    for number, one in enumerate(case.revisions):
        lines += [f"revision {number}: {one.transition}, renamed {one.renamed}", *_rules(one.programme)]
    lines += [f"{step.at} {step.kind} { {k: str(v) for k, v in step.wish.items()} }" for step in case.steps]
    return "\n".join(lines)


def _rules(programme: Json) -> Iterator[str]:
    for ladder in programme["ladders"]:
        yield f"{ladder['code']} {json.dumps(ladder['policy'])}"
        for tier in ladder["tiers"]:
            yield f"  {tier['code']} {json.dumps(tier['qualify'])} kept by {json.dumps(tier['retain'])}"

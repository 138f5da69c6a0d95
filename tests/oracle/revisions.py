"""Random next versions of a random programme: thresholds that change, tiers that come, go, change names and places,
ladders that come and go.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from oracle.conditions import by_rank
from oracle.documents import ladder_json, tier_json
from oracle.facts import Json
from oracle.programmes import conditions, ladders, schedules, validities
from oracle.versions import TRANSITIONS, Holders

MOST_TIERS, MOST_LADDERS = 5, 3
CHANGES = (
    "thresholds",
    "thresholds",
    "insert",
    "insert",
    "drop",
    "rename",
    "reorder",
    "policy",
    "validity",
    "validity",
)


@dataclass(frozen=True)
class Revision:
    """A next version. `renamed`: codes of the version before that go on under another name, by ladder; `ahead`: it is
    asked for before its time.
    """

    programme: Json
    transition: str
    renamed: dict[str, dict[str, str]] = field(default_factory=dict)
    ahead: bool = False


@st.composite
def revisions(draw: st.DrawFn, programme: Json, number: int, flavour: str) -> Revision:
    """The version that comes after `programme`; `number` makes new codes new."""
    renamed: dict[str, dict[str, str]] = {}
    made = [draw(changed(ladder, number, flavour, renamed)) for ladder in programme["ladders"]]
    fate = draw(st.sampled_from(("stay", "stay", "stay", "stay", "come", "go")))
    if fate == "come" and len(made) < MOST_LADDERS:
        made.append(draw(ladders(f"club{number}", "members", flavour)))
    if fate == "go" and len(made) > 1:
        made.pop(draw(st.integers(1, len(made) - 1)))
    ahead = draw(st.sampled_from((False, False, True)))
    return Revision(programme | {"ladders": made}, draw(st.sampled_from(TRANSITIONS)), renamed, ahead)


@st.composite
def changed(draw: st.DrawFn, ladder: Json, number: int, flavour: str, renamed: dict[str, dict[str, str]]) -> Json:
    """A ladder after none to three changes; `renamed` is added to."""
    base, *tiers = by_rank(ladder)
    policy = ladder["policy"]
    for step, change in enumerate(draw(st.lists(st.sampled_from(CHANGES), max_size=3))):
        at = draw(st.integers(0, len(tiers) - 1))
        match change:
            case "thresholds":
                tiers[at] = tiers[at] | draw(asked(flavour))
            case "insert" if len(tiers) + 1 < MOST_TIERS:
                tiers.insert(at, draw(new_tier(f"n{number}{step}", flavour)))
            case "drop" if len(tiers) > 1:
                tiers.pop(at)
            case "rename" if tiers[at]["code"].startswith("t"):
                code = f"r{number}{tiers[at]['code']}"
                renamed.setdefault(ladder["code"], {})[tiers[at]["code"]] = code
                tiers[at] = tiers[at] | {"code": code}
            case "reorder":
                tiers = draw(st.permutations(tiers))
            case "policy":
                policy = policy | draw(other_policy())
            case "validity":
                policy = policy | draw(other_validity())
    ranked = [tier | {"rank": rank} for rank, tier in enumerate([base, *tiers])]
    return ladder_json(ladder["code"], ranked, policy, ladder["visibility"])


@st.composite
def asked(draw: st.DrawFn, flavour: str) -> Json:
    return {"qualify": draw(conditions(flavour)), "retain": draw(st.one_of(st.none(), conditions(flavour)))}


@st.composite
def new_tier(draw: st.DrawFn, code: str, flavour: str) -> Json:
    return tier_json(code, 0) | draw(asked(flavour))


@st.composite
def other_policy(draw: st.DrawFn) -> Json:
    fields: dict[str, tuple[Any, ...]] = {
        "upgrade": ("immediate", "scheduled"),
        "grace_days": (0, 1, 30),
        "max_drop": (None, 1),
        "late_days": (0, 3, 20),
        "refund_recheck": ("next_schedule", "end_of_day"),
    }
    name = draw(st.sampled_from(tuple(fields)))
    return {name: draw(st.sampled_from(fields[name]))}


@st.composite
def other_validity(draw: st.DrawFn) -> Json:
    """How long tiers hold, and when that is looked at."""
    values = {"validity": validities(), "schedule": schedules(), "grace_days": st.sampled_from((0, 0, 1, 30))}
    names = draw(st.lists(st.sampled_from(tuple(values)), min_size=1, max_size=2, unique=True))
    return {name: draw(values[name]) for name in names}


def successors(present: dict[str, Json], revision: Revision, number: int) -> Holders:
    """What becomes of holders of every tier that the revision doesn't have: its new name, or any other."""
    found: Holders = {}
    new = {ladder["code"]: ladder for ladder in revision.programme["ladders"]}
    for code, ladder in present.items():
        if code not in new:
            found[code] = None
            continue
        own = [tier["code"] for tier in by_rank(new[code])]
        named = revision.renamed.get(code, {})
        gone = [tier["code"] for tier in by_rank(ladder) if tier["code"] not in own]
        become = {
            one: named[one] if named.get(one) in own else own[(number + n) % len(own)] for n, one in enumerate(gone)
        }
        if become:
            found[code] = become
    return found

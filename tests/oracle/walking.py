"""From what somebody wants to what can be done at that point, and doing it to the oracle.

The product gets the same deeds in the same order, and says at which instant it heard of each.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from oracle.decisions import Decision
from oracle.facts import Json, Purchase
from oracle.local_days import is_schedule_day, local_day
from oracle.plain import Chain
from oracle.revisions import successors
from oracle.strategies import Case, Step

SOON = timedelta(milliseconds=1)  # a job runs after the fact that asks for it

BY_THEN = timedelta(seconds=1)  # a request at the last moment of a day is heard of on the next


@dataclass(frozen=True)
class Deed:
    """What is done at an instant, every choice settled; `what` holds the arguments, members by name."""

    at: datetime
    kind: str
    what: Json


def opened(case: Case) -> Chain:
    """The case's chain before its first fact."""
    chain = Chain(case.programme, case.timezone)
    for member, joined_on in case.members.items():
        chain.add_member(member, joined_on, case.referrers.get(member))
    return chain


def run(case: Case) -> Chain:
    """The oracle's answer to a case."""
    chain = opened(case)
    for step in case.steps:
        deed = possible(chain, step, case)
        if deed is not None:
            carry_out(chain, deed, deed.at)
    return chain


def possible(chain: Chain, step: Step, case: Case) -> Deed | None:
    """The deed that the step comes to now; None: there is nothing to refund, unlock, merge, roll back."""
    what = dict(step.wish)
    if step.kind in ("publish", "roll_back"):
        return _new_rules(chain, step, case)
    if step.kind == "midnight":
        today = local_day(step.at, chain.zone)
        fires = [code for code, one in chain.ladders.items() if is_schedule_day(one["policy"]["schedule"], today)]
        return Deed(step.at, "midnight", {"ladders": fires})
    if step.kind == "refund":
        found = _refundable(chain, step.wish)
        return None if found is None else Deed(step.at, "refund", found)
    if step.kind == "merge":
        member, other = chain.who(what["member"]), chain.who(what["other"])
        return None if member == other else Deed(step.at, "merge", {"member": member, "other": other})
    if step.kind in ("set_tier", "unlock"):
        return _by_hand(chain, step)
    if step.kind == "purchase":
        what |= {"external_id": f"P{what['number']}"}
        if what["parts"]:
            what["amount"] = sum(amount for _, amount in what["parts"])
    if step.kind in ("joined_on", "top_up", "points"):
        what["member"] = chain.who(what["member"])
    if step.kind == "joined_on":
        what["day"] = min(what["day"], local_day(step.at, chain.zone))  # nobody joins tomorrow
    return Deed(step.at, step.kind, what)


def _new_rules(chain: Chain, step: Step, case: Case) -> Deed | None:
    now = chain.versions.now.number
    if step.kind == "roll_back":
        return Deed(step.at, "roll_back", {"to": 1 + step.wish["to"] % (now - 1)}) if now > 1 else None
    revision = case.revisions[step.wish["revision"]]
    what = {
        "programme": revision.programme,
        "transition": revision.transition,
        "holders": successors(chain.ladders, revision, step.wish["revision"]),
    }
    return Deed(step.at, "publish", what)


def _refundable(chain: Chain, wish: Json) -> Json | None:
    """An amount or amounts of lines of one of the member's last purchases."""
    bought = [one for one in chain.people[chain.who(wish["member"])].purchases if one.net > 0]
    if "of" in wish:
        bought = [one for one in bought if one.external_id == f"P{wish['of']}"]
    if not bought:
        return None
    purchase: Purchase = bought[-1 - wish.get("which", 0) % len(bought)]
    found: Json = {"purchase": purchase.external_id, "external_id": f"R{wish['number']}"}
    if wish["by_lines"] and len(purchase.lines) > 1:
        open_lines = [(n, line.left) for n, line in enumerate(purchase.lines) if line.left > 0]
        some = open_lines[wish["number"] % len(open_lines) :]
        return found | {"lines": [(n, max(1, left * wish["quarters"] // 4)) for n, left in some]}
    return found | {"amount": max(1, purchase.net * wish["quarters"] // 4)}


def _by_hand(chain: Chain, step: Step) -> Deed | None:
    codes, member = list(chain.ladders), chain.who(step.wish["member"])
    today = local_day(step.at + BY_THEN, chain.zone)
    if step.kind == "unlock":
        locked = [code for code in codes if chain.standing(member, code).locked(today)]
        return Deed(step.at, "unlock", {"member": member, "ladder": locked[0]}) if locked else None
    ladder = codes[step.wish["ladder"] % len(codes)]
    tiers = chain.ladders[ladder]["tiers"]
    days = step.wish["days"]
    what = {
        "number": step.wish["number"],
        "member": member,
        "ladder": ladder,
        "tier": tiers[step.wish["rank"] % len(tiers)]["code"],
        "locked_until": None if days is None else today + timedelta(days=days),
    }
    return Deed(step.at, "set_tier", what)


def carry_out(chain: Chain, deed: Deed, at: datetime, counted_at: datetime | None = None) -> list[Decision]:
    """Does it to the oracle, heard of at `at`; referrals are counted at `counted_at`. What it decided."""
    if deed.kind in ("purchase", "refund", "merge"):
        return _that_may_move_a_referral(chain, deed, at, counted_at or at + SOON)
    before = len(chain.decisions)
    what, today = deed.what, local_day(at, chain.zone)
    match deed.kind:
        case "midnight":
            chain.recalculate(at, what["ladders"], scheduled=True)
            chain.night(at)
        case "recalculate":
            chain.recalculate(at)
        case "top_up":
            chain.add_top_up(what["member"], today, what["amount"])
        case "points":
            chain.add_points(what["member"], today, what["points"])
        case "joined_on":
            chain.change_joined_on(what["member"], what["day"])
        case "set_tier" | "unlock" | "publish" | "roll_back":
            _by_people_of_the_chain(chain, deed, at)
        case "activity":
            value = None if what["value"] is None else Fraction(what["value"])
            chain.record_activity(what["member"], what["occurred_at"], what["kind"], at, value)
    return chain.decisions[before:]


def _by_people_of_the_chain(chain: Chain, deed: Deed, at: datetime) -> None:
    what = deed.what
    match deed.kind:
        case "set_tier":
            chain.set_tier(what["member"], what["ladder"], what["tier"], at, what["locked_until"])
        case "unlock":
            chain.unlock(what["member"], what["ladder"], at)
        case "publish":
            chain.publish(what["programme"], at, what["transition"], what["holders"])
        case "roll_back":
            chain.roll_back(what["to"], at)


def _that_may_move_a_referral(chain: Chain, deed: Deed, at: datetime, counted_at: datetime) -> list[Decision]:
    before, what = len(chain.decisions), deed.what
    if deed.kind == "purchase":
        brought = [chain.who(what["member"])]
        chain.record_purchase(
            what["member"],
            what["occurred_at"],
            what["amount"],
            at,
            parts=what["parts"],
            branch=what["branch"],
            external_id=what["external_id"],
        )
    elif deed.kind == "refund":
        brought = [chain.owner_of(what["purchase"])]
        chain.refund(what["purchase"], at, what.get("amount", 0), what.get("lines", ()))
    else:
        brought = [what["member"], what["other"]]
        chain.merge(what["member"], what["other"], at)
    chain.count_referrals(brought, counted_at)
    return chain.decisions[before:]

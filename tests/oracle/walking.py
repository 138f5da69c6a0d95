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

UNDONE_WITHIN = timedelta(minutes=14)
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
    """The deed that the step comes to now; None: there is nothing to refund, unlock, merge, roll back, undo."""
    if step.kind in ("publish", "roll_back", "announce", "come_true"):
        return _new_rules(chain, step, case)
    what: Json | None = dict(step.wish)
    if step.kind in ("join", "undo", "midnight"):
        what = {"join": _joining, "undo": _undoable, "midnight": _firing}[step.kind](chain, step)
    elif any(one not in chain.people for one in (step.wish.get("member"), step.wish.get("other")) if one):
        what = None  # who has yet to come
    elif step.kind in ("set_tier", "unlock", "merge", "refund"):
        settle = {"merge": _merging, "refund": _refundable}.get(step.kind, _by_hand)
        what = settle(chain, step)
    elif step.kind != "recalculate":
        what = _told(chain, step)
    return None if what is None else Deed(step.at, step.kind, what)


def _told(chain: Chain, step: Step) -> Json:
    what = dict(step.wish)
    if step.kind == "purchase":
        what |= {"external_id": f"P{what['number']}"}
        if what["parts"]:
            what["amount"] = sum(amount for _, amount in what["parts"])
    if step.kind in ("joined_on", "top_up", "points"):
        what["member"] = chain.who(what["member"])
    if step.kind == "joined_on":
        what["day"] = min(what["day"], local_day(step.at, chain.zone))  # nobody joins tomorrow
    return what


def _joining(chain: Chain, step: Step) -> Json:
    joined_on = local_day(step.at, chain.zone) - timedelta(days=step.wish["days"])
    return {"member": step.wish["member"], "joined_on": joined_on, "referrer": chain.who(step.wish["referrer"])}


def _firing(chain: Chain, step: Step) -> Json:
    today = local_day(step.at, chain.zone)
    fires = [code for code, one in chain.ladders.items() if is_schedule_day(one["policy"]["schedule"], today)]
    return {"ladders": fires}


def _merging(chain: Chain, step: Step) -> Json | None:
    member, other = chain.who(step.wish["member"]), chain.who(step.wish["other"])
    return None if member == other else {"member": member, "other": other}


def _new_rules(chain: Chain, step: Step, case: Case) -> Deed | None:
    now = chain.versions.now.number
    if step.kind == "come_true":
        found = chain.waiting if chain.waiting.get("revision") == step.wish["revision"] else None
        return Deed(step.at, "come_true", found) if found else None
    if chain.waiting:
        return None  # two at a time are refused; and what is said of holders must be so when it comes
    if step.kind == "roll_back":
        return Deed(step.at, "roll_back", {"to": 1 + step.wish["to"] % (now - 1)}) if now > 1 else None
    revision = case.revisions[step.wish["revision"]]
    what = {
        "programme": revision.programme,
        "transition": revision.transition,
        "holders": successors(chain.ladders, revision, step.wish["revision"]),
    }
    if step.kind == "publish":
        return Deed(step.at, "publish", what)
    times = [one.at for one in case.steps if one.kind == "come_true" and one.wish == step.wish]
    if not times or times[0] < step.at + BY_THEN:
        return None
    return Deed(step.at, "announce", what | {"at": times[0], "revision": step.wish["revision"]})


def _undoable(chain: Chain, step: Step) -> Json | None:
    """By the till itself, soon after, as long as nothing has come since that stands on it."""
    external_id = f"P{step.wish['of']}"
    everyone = [bought for person in chain.people.values() for bought in person.purchases]
    found = next((one for one in everyone if one.external_id == external_id), None)
    if found is None or found.net != found.amount or step.at - found.recorded_at > UNDONE_WITHIN:
        return None
    since = [one for one in everyone if one.recorded_at > found.recorded_at]
    member = chain.owner_of(external_id)
    if member != found.buyer or any(one.branch == found.branch for one in since):
        return None
    person = chain.people[member]
    decided = any(one.member == member and one.cause == external_id for one in chain.decisions)
    later = any(one.recorded_at > found.recorded_at for one in (*person.purchases, *person.activities))
    return None if decided and later else {"purchase": external_id}


def _refundable(chain: Chain, step: Step) -> Json | None:
    """An amount or amounts of lines of one of the member's last purchases."""
    wish = step.wish
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


def _by_hand(chain: Chain, step: Step) -> Json | None:
    codes, member = list(chain.ladders), chain.who(step.wish["member"])
    today = local_day(step.at + BY_THEN, chain.zone)
    if step.kind == "unlock":
        locked = [code for code in codes if chain.standing(member, code).locked(today)]
        return {"member": member, "ladder": locked[0]} if locked else None
    ladder = codes[step.wish["ladder"] % len(codes)]
    tiers = chain.ladders[ladder]["tiers"]
    days = step.wish["days"]
    return {
        "number": step.wish["number"],
        "member": member,
        "ladder": ladder,
        "tier": tiers[step.wish["rank"] % len(tiers)]["code"],
        "locked_until": None if days is None else today + timedelta(days=days),
    }


def carry_out(chain: Chain, deed: Deed, at: datetime, counted_at: datetime | None = None) -> list[Decision]:
    """Does it to the oracle, heard of at `at`; referrals are counted at `counted_at`. What it decided."""
    if deed.kind in ("purchase", "refund", "merge", "undo"):
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
        case "join":
            chain.add_member(what["member"], what["joined_on"], what["referrer"])
        case "set_tier" | "unlock" | "publish" | "roll_back" | "announce" | "come_true":
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
        case "announce":
            chain.waiting = what
        case "publish" | "come_true":
            chain.waiting = {}
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
    elif deed.kind == "undo":
        brought = [chain.owner_of(what["purchase"])]
        chain.undo(what["purchase"], at)
    elif deed.kind == "refund":
        brought = [chain.owner_of(what["purchase"])]
        chain.refund(what["purchase"], at, what.get("amount", 0), what.get("lines", ()))
    else:
        brought = [what["member"], what["other"]]
        chain.merge(what["member"], what["other"], at)
    chain.count_referrals(brought, counted_at)
    return chain.decisions[before:]

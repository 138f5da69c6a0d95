"""A row's story told by the plain evaluator."""

from datetime import datetime, timedelta
from fractions import Fraction

from oracle.local_days import ONE_DAY, begins, is_schedule_day, local_day
from oracle.plain import Chain
from policies.happening import Event, Told, start_of
from policies.policy_rules import Rules

MEMBER, LADDER = "m", "card"


def outcome(rules: Rules, events: list[Event]) -> list[Told]:
    """Decisions and warnings in order of their days."""
    chain = Chain(rules.programme, rules.zone)
    chain.add_member(MEMBER, rules.joined_on)
    now = start_of(events, rules.joined_on, rules.zone)
    warned: list[Told] = []
    for number, event in enumerate(events, start=1):
        warned += _until(chain, now, event.at)
        now = event.at
        _happen(chain, event, number)
    made = [
        Told(local_day(one.effective_at, chain.zone), one.reason, one.to_tier, one.valid_until)
        for one in chain.decisions
        if one.member == MEMBER
    ]
    return [*made, *warned]


def _until(chain: Chain, after: datetime, last: datetime) -> list[Told]:
    """The midnights between: schedules, rechecks, warnings."""
    warned: list[Told] = []
    day = local_day(after, chain.zone) + ONE_DAY
    while (midnight := begins(day, chain.zone)) <= last:
        if is_schedule_day(chain.ladders[LADDER]["policy"]["schedule"], day):
            chain.recalculate(midnight)
        before = len(chain.notices)
        chain.night(midnight)
        warned += [Told(day, "told", chain.tier(MEMBER, LADDER), end) for _, _, end in chain.notices[before:]]
        day += ONE_DAY
    return warned


def _happen(chain: Chain, event: Event, number: int) -> None:
    what = event.what
    match event.kind:
        case "buy":
            _buy(chain, event, number)
        case "refund":
            bought = chain.people[MEMBER].purchases
            purchase = bought[what["number"] - 1]  # 0, nothing said: the last
            chain.refund(purchase.external_id, event.at, what["amount"] or purchase.net)
        case "activity":
            value = None if what["value"] is None else Fraction(what["value"])
            chain.record_activity(MEMBER, event.occurred_at, what["kind"], event.at, value)
        case "set":
            chain.set_tier(MEMBER, LADDER, what["tier"], event.at, what["until"])
        case "unlock":
            chain.unlock(MEMBER, LADDER, event.at)
        case "friend":
            friend = f"friend {number}"
            chain.add_member(friend, local_day(event.at, chain.zone), MEMBER)
            chain.record_purchase(friend, event.occurred_at, what["amount"], event.at)
            chain.count_referrals([friend], event.at + timedelta(seconds=1))


def _buy(chain: Chain, event: Event, number: int) -> None:
    parts = event.what["parts"]
    chain.record_purchase(
        MEMBER,
        event.occurred_at,
        sum(amount for _, amount in parts),
        event.at,
        parts=parts,
        branch=event.what["branch"] or "main",
        external_id=f"T{number}",
    )

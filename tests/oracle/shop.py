"""Short words for the tables: a shop with one ladder and one member."""

from datetime import UTC, date, datetime
from typing import Any

from oracle.decisions import Decision
from oracle.documents import document, ladder_json, tier_json
from oracle.facts import Json
from oracle.plain import Chain

MEMBER = "m"
LIFETIME: Json = {"type": "lifetime"}
MONTH: Json = {"type": "calendar_month"}
ALWAYS: Json = {"metric": "purchases", "window": LIFETIME, "gte": 0}
NEVER: Json = {"metric": "purchases", "window": LIFETIME, "lt": 0}
POLICY: Json = {
    "upgrade": "immediate",
    "schedule": {"type": "monthly"},
    "validity": {"type": "forever"},
    "grace_days": 0,
    "max_drop": None,
    "late_days": 3,
    "refund_recheck": "next_schedule",
}
ONE_MONTH: Json = {"type": "months", "months": 1}
TO_SCHEDULE: Json = {"type": "until_next_schedule"}


def spend(gte: int, window: Json = LIFETIME) -> Json:
    return {"metric": "spend", "window": window, "gte": gte}


def at(text: str) -> datetime:
    """`2024-02-01` or `2024-02-01 12:00`, UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def chain(*conditions: tuple[Json, Json | None], zone: str = "UTC", joined: str = "2024-01-01", **policy: Any) -> Chain:
    """One ladder `card`: t0, then a tier t1, t2, … for each pair of qualify and retain; one member."""
    tiers = [tier_json("t0", 0)]
    for rank, (qualify, retain) in enumerate(conditions, start=1):
        tiers.append(tier_json(f"t{rank}", rank, qualify, retain))
    made = Chain(document([ladder_json("card", tiers, POLICY | policy)]), zone)
    made.add_member(MEMBER, date.fromisoformat(joined))
    return made


def buy(target: Chain, when: str, amount: int, recorded: str | None = None) -> list[Decision]:
    """A date alone means its noon; recorded at once unless it says otherwise."""
    when = when if len(when) > len("2024-01-15") else f"{when} 12:00"
    return target.record_purchase(MEMBER, at(when), amount, at(recorded or when))


def ends(target: Chain) -> str | None:
    found = target.standing(MEMBER, "card").valid_until
    return found.isoformat() if found else None


def told(decisions: list[Decision]) -> list[tuple[str, str, str]]:
    return [(one.from_tier, one.to_tier, one.reason) for one in decisions]

"""The notation of what happens and of what comes out."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from policies.policy_rules import day, minor

_WHEN = r"(?P<day>[0-9-]{5,10})(?: (?P<time>[0-9:]{5,8}))?"
_EVENT = re.compile(
    _WHEN + r" (?P<what>.+?)(?: heard (?P<heard>[0-9-]{5,10})(?: (?P<heard_time>[0-9:]{5,8}))?)?"
)  # fmt: skip
_BUY = re.compile(r"buy (?P<parts>.+?)(?: at (?P<branch>[a-z]+))?")
_PART = re.compile(r"(?P<amount>[0-9.]+)(?: (?P<category>[a-z]+))?")
_REFUND = re.compile(r"refund (?P<amount>all|[0-9.]+)(?: of (?P<number>[0-9]+))?")
_ACTIVITY = re.compile(r"(?P<kind>class|review)(?: (?P<value>[0-9.]+))?")
_SET = re.compile(r"set (?P<tier>[a-z]+)(?: until (?P<until>[0-9-]+))?")
_FRIEND = re.compile(r"friend buys (?P<amount>[0-9.]+)")
_OUTCOME = re.compile(r"(?P<day>[0-9-]+) (?P<reason>[a-z_]+) (?P<tier>[a-z]+)(?: until (?P<until>[0-9-]+))?")


@dataclass(frozen=True)
class Event:
    """`at`: when it is heard of, in UTC; `occurred_at`: when it happened."""

    at: datetime
    occurred_at: datetime
    kind: str
    what: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Told:
    """One line of an outcome: a decision, or (reason `told`) a warning."""

    day: date
    reason: str
    tier: str
    until: date | None


def parse_events(text: str, zone: str) -> list[Event]:
    """Raises ValueError for whatever isn't understood."""
    return [_event(part.strip(), ZoneInfo(zone)) for part in text.split(";")]


def _event(text: str, zone: ZoneInfo) -> Event:
    if text.startswith("look "):  # the one verb that goes before its day
        text = f"{text.removeprefix('look ')} look"
    found = _EVENT.fullmatch(text)
    if found is None:
        raise ValueError(f"not an event: {text}")
    occurred_at = _instant(found["day"], found["time"], zone)
    at = _instant(found["heard"], found["heard_time"], zone) if found["heard"] else occurred_at
    kind, what = _what(found["what"])
    return Event(at, occurred_at, kind, what)


def _instant(on: str, at: str | None, zone: ZoneInfo) -> datetime:
    return datetime.combine(day(on), time.fromisoformat(at or "12:00"), zone).astimezone(UTC)


def _what(text: str) -> tuple[str, dict[str, Any]]:
    if text in ("look", "unlock"):
        return text, {}
    if found := _BUY.fullmatch(text):
        parts = [_part(part) for part in found["parts"].split(" + ")]
        return "buy", {"parts": parts, "branch": found["branch"]}
    if found := _REFUND.fullmatch(text):
        amount = None if found["amount"] == "all" else minor(found["amount"])
        return "refund", {"amount": amount, "number": int(found["number"] or 0)}
    if found := _ACTIVITY.fullmatch(text):
        return "activity", {"kind": found["kind"], "value": found["value"]}
    if found := _SET.fullmatch(text):
        return "set", {"tier": found["tier"], "until": found["until"] and day(found["until"])}
    if found := _FRIEND.fullmatch(text):
        return "friend", {"amount": minor(found["amount"])}
    raise ValueError(f"nothing that could happen: {text}")


def _part(text: str) -> tuple[str | None, int]:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"not an amount: {text}")
    return found["category"], minor(found["amount"])


def parse_outcome(text: str) -> list[Told]:
    """Raises ValueError for whatever isn't understood."""
    return [] if text == "nothing" else [_told(part.strip()) for part in text.split(";")]


def _told(text: str) -> Told:
    found = _OUTCOME.fullmatch(text)
    if found is None:
        raise ValueError(f"not an outcome: {text}")
    return Told(day(found["day"]), found["reason"], found["tier"], day(found["until"]) if found["until"] else None)


def start_of(events: list[Event], joined_on: date, zone: str) -> datetime:
    """When the clock begins: at joining, unless that is long ago."""
    joined = datetime.combine(joined_on, time(12), ZoneInfo(zone)).astimezone(UTC)
    first = min(event.at for event in events)
    return joined if joined <= first and (first - joined).days < LONG else first


LONG = 60

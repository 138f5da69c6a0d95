"""Stored rows in a replay's own types."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tenants.replay.facts import Row, exact
from tenants.replay.standing import Decided, Standing


def decision_of(row: Row) -> Decided:
    """A row of `decision`."""
    before = row["before"]
    return Decided(
        row["member_id"],
        row["ladder"],
        row["from_tier"],
        row["from_rank"],
        Standing(
            row["to_tier"],
            row["to_rank"],
            row["since"],
            row["valid_from"],
            row["valid_until"],
            row["fell_on"],
            row["locked_until"],
            row["may_rise"],
            row["reason"],
            row["effective_at"],
        ),
        row["recorded_at"],
        row["day"],
        row["programme_version"],
        exact(row["facts_text"]),
        row["cause"],
        row["cause_id"],
        _of_json(before) if before else None,
        has_before=before is not None,
    )


def standing_of(row: Row) -> Standing:
    """A row of `member_tier`."""
    return Standing(
        row["tier"],
        row["rank"],
        row["since"],
        row["valid_from"],
        row["valid_until"],
        row["fell_on"],
        row["locked_until"],
        row["may_rise"],
        row["reason"],
        row["effective_at"],
    )


def _of_json(row: Mapping[str, Any]) -> Standing:
    """The same as a decision keeps it."""

    def day(name: str) -> date | None:
        return None if row[name] is None else date.fromisoformat(row[name])

    return Standing(
        row["tier"],
        row["rank"],
        date.fromisoformat(row["since"]),
        date.fromisoformat(row["valid_from"]),
        day("valid_until"),
        day("fell_on"),
        day("locked_until"),
        row["may_rise"],
        row["reason"],
        datetime.fromisoformat(row["effective_at"]),
    )

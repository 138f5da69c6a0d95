"""What happened to a person, in the order in which it was numbered."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from tenants.replay.facts import Facts, Row, in_order
from tenants.replay.person import Person, Record

_QUIET: Final = frozenset({"points_act", "points_beside", "reward_claim", "wallet_beside"})


@dataclass
class Group:
    """What a record was told under one number: all of it counts before anything is decided."""

    at: datetime
    record: Record
    rows: dict[str, list[Row]] = field(default_factory=partial(defaultdict, list))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it is measured."""
        return all(kind in _QUIET for kind, rows in self.rows.items() if rows)


def joined_first(facts: Facts) -> dict[UUID, date]:
    """Each record's day of joining before anything changed it."""
    first = {row["id"]: row["joined_on"] for row in facts.records}
    changes: list[tuple[datetime, UUID, str]] = [
        (row["recorded_at"], row["member_id"], row["before"]) for row in facts.happened["joined"]
    ]
    changes += [
        (row["recorded_at"], row["member_id"], row["detail"]["joined_on"][0]) for row in facts.happened["merge"]
    ]
    for _, member_id, before in sorted(changes, reverse=True):
        first[member_id] = date.fromisoformat(before)
    return first


def groups(person: Person, facts: Facts) -> list[Group]:
    """All that happened, by record and number, in order. What a merge takes back of referrals has a number of its own
    but belongs to the merge, which decides behind it.
    """
    found: dict[tuple[UUID, int], Group] = {}
    for kind, rows in facts.happened.items():
        for row in in_order(rows):
            # the fact of a merge itself is the survivor's already
            record = person.holder(row["member_id"], row["recorded_at"])
            group = found.setdefault((record.id, row["seq"]), Group(row["recorded_at"], record))
            group.at = min(group.at, row["recorded_at"])
            group.rows[kind].append(row)
    for (record_id, seq), group in list(found.items()):
        if group.rows["merge"]:
            after = found.get((record_id, seq + 1))
            if after is not None and _settles(after, person):
                del found[record_id, seq + 1]
                for kind, rows in after.rows.items():
                    group.rows[kind] += rows
    ordered = sorted(found.items(), key=lambda one: (one[1].at, one[0][1]))
    return [group for _, group in ordered]


def _settles(group: Group, person: Person) -> bool:
    moves = group.rows["referral_move"]
    return bool(moves) and all(
        row["programme_version"] is None and row["brought_id"] in person.records for row in moves
    )

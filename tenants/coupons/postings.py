"""What happens to coupons, as data for the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

Kind = Literal["grant", "use", "return", "undo_use", "void", "expire"]
Occasion = Literal["by_hand", "printed", "upgrade", "birthday", "campaign", "reward"]


@dataclass(frozen=True, slots=True)
class Issue:
    """What a `grant` gives: a coupon with the terms and the local days (both included) that hold for this one."""

    coupon_id: UUID
    code: str
    terms: Mapping[str, Any]
    valid_from: date
    valid_until: date
    occasion: Occasion
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One entry with the change of state that it is.

    `grant_id`: the coupon in somebody's hand, None for a `grant`. `member_id` and `seq`: who gets it or uses it, None
    for whoever brings a printed one. `day`: the local day of `recorded_at`. `source_id` None: the entry's own id.
    `purchase_id`: of a `use`, `return` or `undo_use`, the purchase that it was used for; None where a till redeemed it
    by itself. A coupon stands in one posting of a statement at most.
    """

    kind: Kind
    grant_id: UUID | None
    member_id: UUID | None
    seq: int | None
    day: date
    recorded_at: datetime
    actor: str
    source_id: UUID | None = None
    purchase_id: UUID | None = None
    branch_id: UUID | None = None
    amount: int | None = None
    reason: str | None = None
    external_id: str | None = None
    fingerprint: bytes | None = None
    issue: Issue | None = None

    def dump(self) -> dict[str, Any]:
        """As JSON data, for `writes`."""
        issue = self.issue
        return {
            "kind": self.kind,
            "grant_id": _text(self.grant_id),
            "member_id": _text(self.member_id),
            "seq": self.seq,
            "day": self.day.isoformat(),
            "recorded_at": self.recorded_at.isoformat(),
            "actor": self.actor,
            "source_id": _text(self.source_id),
            "purchase_id": _text(self.purchase_id),
            "branch_id": _text(self.branch_id),
            "amount": self.amount,
            "reason": self.reason,
            "external_id": self.external_id,
            "fingerprint": None if self.fingerprint is None else self.fingerprint.hex(),
            "coupon_id": None if issue is None else str(issue.coupon_id),
            "code": None if issue is None else issue.code,
            "terms": None if issue is None else dict(issue.terms),
            "valid_from": None if issue is None else issue.valid_from.isoformat(),
            "valid_until": None if issue is None else issue.valid_until.isoformat(),
            "occasion": None if issue is None else issue.occasion,
            "number": None if issue is None else issue.number,
        }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def state_on(state: str, valid_from: date, valid_until: date, day: date) -> str:
    """A coupon's state as it is on a local day: an open one may be not valid yet, or expired."""
    if state != "open":
        return state
    if day < valid_from:
        return "not-yet-valid"
    return "expired" if valid_until < day else "open"

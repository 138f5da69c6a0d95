"""Every type of event: what it says, and an example of its data. A test holds what is written against them.

`data` is in the words of the API's answers: ids, codes, numbers (money in minor units), days. Never a name, a phone or
a text about a person: what is needed of those is read with a key that may.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from saas.i18n import n_

MEMBER: Final = "019ab2c4-7d10-7a3e-9c51-0f6d2a8b1e77"
_BRANCH: Final = "019ab2c4-1f00-7c22-8e0a-5b9d3c7f1a20"
_FACT: Final = "019ab5e0-3c44-7b19-a2f3-7e1c9d0b4a56"
_OTHER: Final = "019ab5e0-3c44-7b19-a2f3-7e1c9d0b4a57"
_SOLD_AT: Final = "2026-11-22T02:00:00.000000+00:00"


@dataclass(frozen=True, slots=True)
class EventType:
    """`about`: one sentence, to be translated. `member`: whether it is about a member, always or sometimes."""

    code: str
    about: str
    data: Mapping[str, Any]
    member: bool = True


def _coupon(**more: Any) -> dict[str, Any]:
    return {"id": _FACT, "coupon_id": _OTHER, "code": "welcome-silver", **more}


def _claim() -> dict[str, Any]:
    return {"id": _FACT, "reward_id": _OTHER, "code": "tote-bag", "points": 800}


def _pass(uses: int, left: int, amount: int) -> dict[str, Any]:
    return {
        "id": _FACT,
        "pass_id": _OTHER,
        "branch_id": _BRANCH,
        "uses": uses,
        "left": left,
        "amount": amount,
        "external_id": "P-1107-2",
    }


def _invoice() -> dict[str, Any]:
    return {"invoice": "in_1Q8zR2", "number": "A1B2-0007", "amount": 19_900, "currency": "CNY"}


_ALL: Final = (
    EventType(
        "member.created",
        n_("Somebody has joined, by whatever way."),
        {"joined_on": "2026-11-22", "kind": "person", "branch_id": _BRANCH, "referrer_id": None, "source": "api"},
    ),
    EventType(
        "member.updated",
        n_("A member's profile, cards, tags or consents have changed; read the member for what they are now."),
        {"fields": ["name", "tags"]},
    ),
    EventType(
        "member.merged",
        n_("Two records of one person are one now; the other's id leads to this member."),
        {"other_id": _OTHER},
    ),
    EventType("member.left", n_("A member has left; points, bonus and coupons ended with it."), {}),
    EventType("member.erased", n_("A member's personal data are gone: delete what you keep of it, too."), {}),
    EventType(
        "purchase.recorded",
        n_("A purchase is in; without a member where a guest bought."),
        {
            "id": _FACT,
            "branch_id": _BRANCH,
            "external_id": "T-20261122-0042",
            "occurred_at": _SOLD_AT,
            "amount": 10_000,
            "paid": 9_000,
            "points_earned": 90,
            "points_redeemed": 0,
            "points_balance": 590,
            "source": "api",
        },
    ),
    EventType(
        "purchase.refunded",
        n_("Part of a purchase was given back, or all of it."),
        {
            "id": _OTHER,
            "purchase_id": _FACT,
            "branch_id": _BRANCH,
            "external_id": "R-20261122-0003",
            "amount": 3_000,
            "refunded": 3_000,
            "source": "api",
        },
    ),
    EventType(
        "purchase.undone",
        n_("A purchase was taken back at the till, as if it had never been."),
        {"id": _FACT, "branch_id": _BRANCH, "external_id": "T-20261122-0042", "amount": 9_000},
    ),
    EventType(
        "activity.recorded",
        n_("A member took part in something, or was there."),
        {
            "id": _FACT,
            "kind": "check_in",
            "branch_id": _BRANCH,
            "external_id": "C-1107",
            "occurred_at": _SOLD_AT,
        },
    ),
    EventType(
        "tier.changed",
        n_("A member's tier on a ladder is another one now; the decision says why."),
        {
            "decision_id": _FACT,
            "ladder": "card",
            "from_tier": "regular",
            "to_tier": "silver",
            "direction": "up",
            "reason": "upgrade",
            "since": "2026-11-22",
            "valid_until": None,
            "effective_at": _SOLD_AT,
            "programme_version": 3,
            "cause": "purchase",
            "cause_id": _OTHER,
        },
    ),
    EventType(
        "tier.expiring",
        n_("A member's tier ends within 30 days and nothing keeps it as things stand; once for each validity."),
        {
            "ladder": "card",
            "tier": "silver",
            "valid_until": "2026-12-21",
            "grace_until": "2026-12-21",
            "keeps": {
                "holds": False,
                "text": "¥190.00 more in the calendar year",
                "conditions": {
                    "text": "spend ¥500.00 in the calendar year: ¥310.00 so far, ¥190.00 missing",
                    "metric": "spend",
                    "window": {"type": "calendar_year", "offset": 0},
                    "gte": 50_000,
                    "value": 31_000,
                    "met": False,
                    "missing": 19_000,
                },
            },
            "text": "Silver ends on Dec 21, 2026; it is kept by spending ¥500.00 in the calendar year.",
        },
    ),
    EventType(
        "points.changed",
        n_("A member's points moved by anything but a purchase, whose event tells of its own."),
        {
            "points": 50,
            "balance": 640,
            "entries": [{"kind": "activity", "points": 50, "source_id": _FACT}],
        },
    ),
    EventType(
        "points.expiring",
        n_("Points of a member end on a day within 30 days; once for each day."),
        {"points": 120, "expires_on": "2026-12-22"},
    ),
    EventType(
        "wallet.topped_up",
        n_("A member paid money in."),
        {
            "id": _FACT,
            "branch_id": _BRANCH,
            "external_id": "W-20261122-0007",
            "occurred_at": _SOLD_AT,
            "amount": 50_000,
            "bonus": 20_000,
            "gift": None,
        },
    ),
    EventType(
        "wallet.refunded",
        n_("Stored money was paid out to a member."),
        {
            "id": _FACT,
            "branch_id": _BRANCH,
            "external_id": "WR-20261122-0001",
            "amount": 30_000,
            "bonus_voided": 12_000,
            "deducted": 0,
            "paid_out": 30_000,
        },
    ),
    EventType(
        "wallet.top_up_undone",
        n_("A top-up was taken back at the till, as if it had never been."),
        {"id": _FACT, "branch_id": _BRANCH, "external_id": "W-20261122-0007", "amount": 50_000},
    ),
    EventType(
        "coupon.granted",
        n_("A member has got a coupon."),
        _coupon(occasion="upgrade", valid_from="2026-11-22", valid_until="2026-12-22"),
    ),
    EventType(
        "coupon.redeemed",
        n_("A coupon was used, in a purchase or by itself."),
        _coupon(purchase_id=_OTHER, branch_id=_BRANCH, amount=2_000),
    ),
    EventType(
        "coupon.returned",
        n_("A coupon that was used can be used again: its purchase was given back or undone."),
        _coupon(purchase_id=_OTHER),
    ),
    EventType("coupon.voided", n_("A member's coupon was taken away."), _coupon()),
    EventType("coupon.expired", n_("A member's coupon is over."), _coupon()),
    EventType("reward.claimed", n_("A member has exchanged points for a reward."), _claim()),
    EventType("reward.collected", n_("A member has taken a reward home."), _claim()),
    EventType("reward.cancelled", n_("A claim was cancelled; points and piece are back."), _claim()),
    EventType(
        "pass.sold",
        n_("A member has bought a pass."),
        {
            "id": _OTHER,
            "branch_id": _BRANCH,
            "product": "group_class",
            "uses": 10,
            "price": 80_000,
            "valid_until": "2027-05-22",
            "external_id": "P-1107",
        },
    ),
    EventType("pass.used", n_("A visit of a pass was used."), _pass(-1, 9, 0)),
    EventType("pass.use_undone", n_("A visit of a pass was taken back: it was a mistake."), _pass(1, 10, 0)),
    EventType("pass.refunded", n_("What was left of a pass was paid back."), _pass(-9, 0, -72_000)),
    EventType(
        "campaign.started", n_("A campaign runs."), {"campaign_id": _FACT, "code": "double-eleven"}, member=False
    ),
    EventType(
        "campaign.stopped", n_("A campaign was stopped."), {"campaign_id": _FACT, "code": "double-eleven"}, member=False
    ),
    EventType(
        "programme.published",
        n_("New rules are in force; the job, where there is one, brings members over."),
        {"version": 4, "transition": "now", "rolled_back_to": None, "job_id": _FACT},
        member=False,
    ),
    EventType(
        "import.finished",
        n_("An import is through, or has failed."),
        {
            "id": _FACT,
            "kind": "purchases",
            "state": "done",
            "rows": 1_200,
            "imported": 1_180,
            "updated": 0,
            "unchanged": 15,
            "failed": 5,
            "points": 0,
            "recalculation_id": _OTHER,
        },
        member=False,
    ),
    EventType(
        "proof.differs",
        n_("The nightly proof has found that something isn't as the facts say."),
        {"proof_id": _FACT, "differences": 2, "kinds": {"balance": 2}},
        member=False,
    ),
    EventType(
        "webhook.disabled",
        n_("A webhook was turned off: its server is gone for good, or has failed for three days."),
        {"webhook_id": _FACT, "url": "https://hooks.example.com/regulars", "reason": "failing"},
        member=False,
    ),
    EventType(
        "billing.status_changed",
        n_("The chain's own subscription is in another state."),
        {"before": "trialing", "after": "active", "plan": "growth"},
        member=False,
    ),
    EventType(
        "billing.trial_ending",
        n_("The chain's trial ends soon."),
        {"at": "2026-12-05T08:00:00+00:00", "card": False},
        member=False,
    ),
    EventType("billing.invoice_open", n_("An invoice to the chain is to be paid."), _invoice(), member=False),
    EventType("billing.invoice_paid", n_("An invoice to the chain is paid."), _invoice(), member=False),
    EventType("billing.invoice_uncollectible", n_("An invoice to the chain was given up."), _invoice(), member=False),
    EventType("billing.invoice_void", n_("An invoice to the chain was withdrawn."), _invoice(), member=False),
    EventType(
        "billing.payment_disputed",
        n_("The chain's bank takes a payment back."),
        {"charge": "ch_3Q8zR2", "amount": 19_900, "currency": "CNY"},
        member=False,
    ),
    EventType(
        "billing.downgrade_dropped",
        n_("The smaller plan that was chosen has too little room: the larger one stays."),
        {"plan": "starter", "branches_over": 2},
        member=False,
    ),
    EventType(
        "billing.erasure_near",
        n_("The chain has left and its data will be erased soon."),
        {"at": "2027-01-05T08:00:00+00:00"},
        member=False,
    ),
)
TYPES: Final[Mapping[str, EventType]] = {one.code: one for one in _ALL}
"""By code, in the order in which they are told."""

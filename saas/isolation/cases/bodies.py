"""Requests that name somebody or something of a chain's in their body or query."""

import json
from typing import Any

from saas.isolation.furnishing.furnish import Furnished
from saas.isolation.knocks import Ids, Knock


def _ticket(ours: Furnished, **changes: Any) -> dict[str, Any]:
    ticket = {"branch_id": ours.chain.branch_id, "external_id": "knock", "amount": 1, "external_amounts": True}
    return {**ticket, **changes}


def purchases(ids: Ids, ours: Furnished) -> list[Knock]:
    wrong = (
        _ticket(ours, member_id=ids.member),
        _ticket(ours, phone=ids.phone),
        _ticket(ours, card_no=ids.card),
        _ticket(ours, branch_id=ids.branch),
        _ticket(ours, branch_id=ids.branch, member_id=ids.member),
        _ticket(ours, branch_id=ids.branch, member_id=ours.member_id),
    )
    held = [{"coupons": [ref], "external_amounts": False} for ref in (ids.grant, ids.number)]
    whose = [(who, named) for named in held for who in (ours.member_id, None)]  # each with a number of its own
    coupons = [_ticket(ours, external_id=f"knock {n}", member_id=who, **named) for n, (who, named) in enumerate(whose)]
    return [*(Knock("/v1/purchases", 422, body) for body in wrong), *(Knock("/v1/purchases", 409, c) for c in coupons)]


def quotes(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/quotes", knock.status, knock.body) for knock in purchases(ids, ours)]


def batch(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/purchases:batch", 200, {"items": [k.body for k in purchases(ids, ours)]})]


def activities(ids: Ids, ours: Furnished) -> list[Knock]:
    did = {"kind": "check_in", "external_id": "knock"}
    wrong = (
        {**did, "member_id": ids.member},
        {**did, "phone": ids.phone},
        {**did, "card_no": ids.card},
        {**did, "member_id": ours.member_id, "branch_id": ids.branch},
        {**did, "member_id": ids.member, "branch_id": ids.branch},
    )
    return [Knock("/v1/activities", 422, body) for body in wrong]


def activity_batch(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/activities:batch", 200, {"items": [k.body for k in activities(ids, ours)]})]


def points(act: str, ids: Ids, ours: Furnished) -> list[Knock]:
    moved = {"points": 1, "reason": "knock"}
    wrong = (
        {**moved, "member_id": ids.member},
        {**moved, "phone": ids.phone},
        {**moved, "card_no": ids.card},
        {**moved, "member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock(f"/v1/points/{act}", 422, body) for body in wrong]


def grants(ids: Ids, ours: Furnished) -> list[Knock]:
    to = ({"member_id": ids.member}, {"member_ids": [ours.member_id, ids.member]}, {"segment": ids.segment})
    return [
        Knock(f"/v1/coupons/{ids.coupon}/grant", 404, {"member_id": ours.member_id}),
        *(Knock(f"/v1/coupons/{ours.coupon_id}/grant", 422, body) for body in to),
    ]


def redeemed(ids: Ids, ours: Furnished) -> list[Knock]:
    here, there = {"branch_id": ours.chain.branch_id}, {"branch_id": ids.branch}
    wrong = (
        {**here, "number": ids.number},
        {**here, "grant_id": ids.grant},
        {**there, "number": ids.number},
        {**there, "number": ours.coupon_number},
    )
    return [Knock("/v1/coupons/redeem", 422, body) for body in wrong]


def claims(ids: Ids, ours: Furnished) -> list[Knock]:
    wrong = (
        {"member_id": ids.member},
        {"phone": ids.phone},
        {"card_no": ids.card},
        {"member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [
        Knock(f"/v1/rewards/{ids.reward}/claim", 404, {"member_id": ours.member_id}),
        *(Knock(f"/v1/rewards/{ours.reward_id}/claim", 422, body) for body in wrong),
    ]


def top_ups(ids: Ids, ours: Furnished) -> list[Knock]:
    paid_in = {"branch_id": ours.chain.branch_id, "external_id": "knock", "amount": 1}
    wrong = (
        {**paid_in, "member_id": ids.member},
        {**paid_in, "phone": ids.phone},
        {**paid_in, "card_no": ids.card},
        {**paid_in, "member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock("/v1/wallet/top-ups", 422, body) for body in wrong]


def wallet_refunds(ids: Ids, ours: Furnished) -> list[Knock]:
    top_up = {"branch_id": ours.chain.branch_id, "external_id": "knock", "top_up_id": ids.top_up}
    return [
        Knock("/v1/wallet/refunds", 404, {**top_up, "member_id": ours.member_id}),
        *(Knock("/v1/wallet/refunds", 422, knock.body) for knock in top_ups(ids, ours)),
    ]


def passes(ids: Ids, ours: Furnished) -> list[Knock]:
    sold = {"external_id": "knock", "product": "x", "uses": 1, "price": 1, "valid_until": "2199-01-01"}
    wrong = (
        {"member_id": ids.member, "branch_id": ours.chain.branch_id},
        {"phone": ids.phone, "branch_id": ours.chain.branch_id},
        {"card_no": ids.card, "branch_id": ours.chain.branch_id},
        {"member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock("/v1/passes", 422, {**sold, **each}) for each in wrong]


def members(ids: Ids, _: Furnished) -> list[Knock]:
    filters = (f"phone={ids.phone}", f"card_no={ids.card}", f"external_id={ids.external}", f"q={ids.phone[-4:]}")
    found = [Knock(f"/v1/members?{each}", 200) for each in (*filters, f"branch_id={ids.key_branch}")]
    return [*found, Knock(f"/v1/members?segment={ids.segment}", 422)]


def import_rows(ids: Ids, _: Furnished) -> list[Knock]:
    """Imports answer before they look: what they find is in the errors, which a test of its own compares."""
    options = {"kind": "purchases", "evaluate": False}
    row = f"external_id,member,occurred_at,amount\nknock,{ids.external},2026-01-01T00:00:00,1.00\n"
    files = {"file": ("p.csv", row.encode(), "text/csv")}
    return [Knock("/v1/imports", 202, request={"files": files, "data": {"options": json.dumps(options)}})]

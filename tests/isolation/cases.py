"""Every route of the application, and how to knock at it with somebody else's ids."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.furnish import Furnished


@dataclass(frozen=True)
class Ids:
    """The ids to try: a neighbour's, or some of the same shape that nobody has."""

    member: str
    branch: str
    purchase: str
    job: str
    imported: str
    key: str
    phone: str
    card: str
    external: str
    key_branch: str
    activity: str
    segment: str
    top_up: str
    allowance_use: str
    price_list: str
    coupon: str
    grant: str
    number: str
    reward: str
    claim: str
    sold_pass: str
    pass_use: str
    campaign: str
    text: str
    rule: str
    task: str
    simulation: str

    @classmethod
    def of(cls, other: Furnished) -> "Ids":
        return cls(
            other.member_id,
            other.second_branch_id,
            other.purchase_id,
            other.job_id,
            other.import_id,
            other.key_id,
            other.phone,
            other.card_no,
            other.external_id,
            other.chain.branch_id,
            other.activity_id,
            other.segment_id,
            other.top_up_id,
            other.allowance_use_id,
            other.price_list,
            other.coupon_id,
            other.grant_id,
            other.coupon_number,
            other.reward_id,
            other.claim_id,
            other.pass_id,
            other.pass_use_id,
            other.campaign_id,
            other.text,
            other.rule_id,
            other.task_id,
            other.simulation_id,
        )

    def texts(self) -> list[str]:
        return list(vars(self).values())

    def only_theirs(self) -> list[str]:
        """Without what another chain may have too: codes of price lists and texts are each chain's own to choose."""
        return [text for name, text in vars(self).items() if name not in {"price_list", "text"}]


NOBODYS = Ids(
    "01970000-0000-7000-8000-000000000001",
    "01970000-0000-7000-8000-000000000002",
    "01970000-0000-7000-8000-000000000003",
    "01970000-0000-7000-8000-000000000004",
    "01970000-0000-7000-8000-000000000005",
    "AAAAAAAAAAA",
    "13800009999",
    "C9999",
    "E9999",
    "01970000-0000-7000-8000-000000000006",
    "01970000-0000-7000-8000-000000000007",
    "01970000-0000-7000-8000-000000000008",
    "01970000-0000-7000-8000-000000000009",
    "01970000-0000-7000-8000-00000000000a",
    "p9999",
    "01970000-0000-7000-8000-00000000000b",
    "01970000-0000-7000-8000-00000000000c",
    "AA5U8DPUMM22",
    "01970000-0000-7000-8000-00000000000d",
    "01970000-0000-7000-8000-00000000000e",
    "01970000-0000-7000-8000-0000000000fd",
    "01970000-0000-7000-8000-0000000000fe",
    "01970000-0000-7000-8000-0000000000fc",
    "t9999",
    "01970000-0000-7000-8000-0000000000fb",
    "01970000-0000-7000-8000-0000000000fa",
    "01970000-0000-7000-8000-0000000000f9",
)


@dataclass(frozen=True)
class Knock:
    """One request with a foreign id; `status` is what it must answer, whoever's the id is or isn't."""

    url: str
    status: int
    body: Any = None
    request: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        return self.request if self.body is None else {"json": self.body, **self.request}


Case = Callable[[Ids, Furnished], list[Knock]]


def _ticket(ours: Furnished, **changes: Any) -> dict[str, Any]:
    ticket = {"branch_id": ours.chain.branch_id, "external_id": "knock", "amount": 1, "external_amounts": True}
    return {**ticket, **changes}


def _purchases(ids: Ids, ours: Furnished) -> list[Knock]:
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


def _quotes(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/quotes", knock.status, knock.body) for knock in _purchases(ids, ours)]


def _batch(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/purchases:batch", 200, {"items": [k.body for k in _purchases(ids, ours)]})]


def _activities(ids: Ids, ours: Furnished) -> list[Knock]:
    did = {"kind": "check_in", "external_id": "knock"}
    wrong = (
        {**did, "member_id": ids.member},
        {**did, "phone": ids.phone},
        {**did, "card_no": ids.card},
        {**did, "member_id": ours.member_id, "branch_id": ids.branch},
        {**did, "member_id": ids.member, "branch_id": ids.branch},
    )
    return [Knock("/v1/activities", 422, body) for body in wrong]


def _activity_batch(ids: Ids, ours: Furnished) -> list[Knock]:
    return [Knock("/v1/activities:batch", 200, {"items": [k.body for k in _activities(ids, ours)]})]


def _points(act: str, ids: Ids, ours: Furnished) -> list[Knock]:
    moved = {"points": 1, "reason": "knock"}
    wrong = (
        {**moved, "member_id": ids.member},
        {**moved, "phone": ids.phone},
        {**moved, "card_no": ids.card},
        {**moved, "member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock(f"/v1/points/{act}", 422, body) for body in wrong]


def _grants(ids: Ids, ours: Furnished) -> list[Knock]:
    to = ({"member_id": ids.member}, {"member_ids": [ours.member_id, ids.member]}, {"segment": ids.segment})
    return [
        Knock(f"/v1/coupons/{ids.coupon}/grant", 404, {"member_id": ours.member_id}),
        *(Knock(f"/v1/coupons/{ours.coupon_id}/grant", 422, body) for body in to),
    ]


def _redeemed(ids: Ids, ours: Furnished) -> list[Knock]:
    here, there = {"branch_id": ours.chain.branch_id}, {"branch_id": ids.branch}
    wrong = (
        {**here, "number": ids.number},
        {**here, "grant_id": ids.grant},
        {**there, "number": ids.number},
        {**there, "number": ours.coupon_number},
    )
    return [Knock("/v1/coupons/redeem", 422, body) for body in wrong]


def _claims(ids: Ids, ours: Furnished) -> list[Knock]:
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


def _top_ups(ids: Ids, ours: Furnished) -> list[Knock]:
    paid_in = {"branch_id": ours.chain.branch_id, "external_id": "knock", "amount": 1}
    wrong = (
        {**paid_in, "member_id": ids.member},
        {**paid_in, "phone": ids.phone},
        {**paid_in, "card_no": ids.card},
        {**paid_in, "member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock("/v1/wallet/top-ups", 422, body) for body in wrong]


def _wallet_refunds(ids: Ids, ours: Furnished) -> list[Knock]:
    top_up = {"branch_id": ours.chain.branch_id, "external_id": "knock", "top_up_id": ids.top_up}
    return [
        Knock("/v1/wallet/refunds", 404, {**top_up, "member_id": ours.member_id}),
        *(Knock("/v1/wallet/refunds", 422, knock.body) for knock in _top_ups(ids, ours)),
    ]


def _passes(ids: Ids, ours: Furnished) -> list[Knock]:
    sold = {"external_id": "knock", "product": "x", "uses": 1, "price": 1, "valid_until": "2199-01-01"}
    wrong = (
        {"member_id": ids.member, "branch_id": ours.chain.branch_id},
        {"phone": ids.phone, "branch_id": ours.chain.branch_id},
        {"card_no": ids.card, "branch_id": ours.chain.branch_id},
        {"member_id": ours.member_id, "branch_id": ids.branch},
    )
    return [Knock("/v1/passes", 422, {**sold, **each}) for each in wrong]


def _members(ids: Ids, _: Furnished) -> list[Knock]:
    filters = (f"phone={ids.phone}", f"card_no={ids.card}", f"external_id={ids.external}", f"q={ids.phone[-4:]}")
    return [*(Knock(f"/v1/members?{each}", 200) for each in filters), Knock(f"/v1/members?segment={ids.segment}", 422)]


def _import(ids: Ids, _: Furnished) -> list[Knock]:
    """Imports answer before they look: what they find is in the errors, which a test of its own compares."""
    options = {"kind": "purchases", "evaluate": False}
    row = f"external_id,member,occurred_at,amount\nknock,{ids.external},2026-01-01T00:00:00,1.00\n"
    files = {"file": ("p.csv", row.encode(), "text/csv")}
    return [Knock("/v1/imports", 202, request={"files": files, "data": {"options": json.dumps(options)}})]


MESSAGE_TEXT = {
    "names": {"zh-CN": "甲", "en": "A"},
    "purpose": "service",
    "channels": ["sms"],
    "texts": {"zh-CN": "您好", "en": "Hello"},
}
CAMPAIGN = {
    "code": "knock",
    "type": "grant",
    "names": {"zh-CN": "甲", "en": "A"},
    "when": {"type": "joined"},
}


def _switched(act: str) -> Case:
    return lambda ids, _: [Knock(f"/v1/campaigns/{ids.campaign}/{act}", 404, {})]


def _tasks(ids: Ids, _: Furnished) -> list[Knock]:
    asked = (f"branch_id={ids.branch}", f"rule={ids.rule}", f"member_id={ids.member}")
    return [Knock(f"/v1/tasks?{each}&state=postponed", 404) for each in asked]


NOTHING = "01970000-0000-7000-8000-00000000ffff"

CASES: dict[tuple[str, str], Case] = {
    ("GET", "/v1/members"): _members,
    ("POST", "/v1/members"): lambda ids, _: [Knock("/v1/members", 422, {"name": "x", "branch_id": ids.branch})],
    ("POST", "/v1/members:batch"): lambda ids, _: [
        Knock("/v1/members:batch", 200, {"items": [{"name": "x", "branch_id": ids.branch}]})
    ],
    ("GET", "/v1/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/v1/members/{ids.member}", 404)],
    ("PATCH", "/v1/members/{member_id:uuid}"): lambda ids, ours: [
        Knock(f"/v1/members/{ids.member}", 404, {"name": "x"}),
        Knock(f"/v1/members/{ours.member_id}", 422, {"branch_id": ids.branch}),
    ],
    ("GET", "/v1/members/{member_id:uuid}/consents"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/consents", 404)],
    ("GET", "/v1/members/{member_id:uuid}/changes"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/changes", 404)],
    ("GET", "/v1/members/{member_id:uuid}/tier"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/tier", 404)],
    ("PUT", "/v1/members/{member_id:uuid}/tier"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/tier", 404, {"tier": "gold", "reason": "knock"})
    ],
    ("DELETE", "/v1/members/{member_id:uuid}/tier"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/tier", 404)],
    ("GET", "/v1/members/{member_id:uuid}/decisions"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/decisions", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/purchases"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/purchases", 404)
    ],
    ("POST", "/v1/purchases"): _purchases,
    ("POST", "/v1/purchases:batch"): _batch,
    ("POST", "/v1/quotes"): _quotes,
    ("GET", "/v1/purchases/{purchase_id:uuid}"): lambda ids, _: [Knock(f"/v1/purchases/{ids.purchase}", 404)],
    ("POST", "/v1/purchases/{purchase_id:uuid}/refunds"): lambda ids, _: [
        Knock(f"/v1/purchases/{ids.purchase}/refunds", 404, {"external_id": "knock", "amount": 1})
    ],
    ("POST", "/v1/purchases/{purchase_id:uuid}/undo"): lambda ids, _: [
        Knock(f"/v1/purchases/{ids.purchase}/undo", 404, {})
    ],
    ("POST", "/v1/wallet/top-ups/{top_up_id:uuid}/undo"): lambda ids, _: [
        Knock(f"/v1/wallet/top-ups/{ids.top_up}/undo", 404, {})
    ],
    ("GET", "/v1/reports/shifts"): lambda ids, _: [
        Knock(f"/v1/reports/shifts?from=2026-01-01&to=2026-01-02&branch_id={ids.branch}", 404)
    ],
    ("GET", "/v1/reports/shifts.csv"): lambda ids, _: [
        Knock(f"/v1/reports/shifts.csv?from=2026-01-01&to=2026-01-02&branch_id={ids.branch}", 404)
    ],
    ("GET", "/v1/purchases/{purchase_id:uuid}/refunds"): lambda ids, _: [
        Knock(f"/v1/purchases/{ids.purchase}/refunds", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/activities"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/activities", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/referrals"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/referrals", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/wallet"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/wallet", 404)],
    ("POST", "/v1/wallet/top-ups"): _top_ups,
    ("GET", "/v1/wallet/top-ups/{top_up_id:uuid}"): lambda ids, _: [Knock(f"/v1/wallet/top-ups/{ids.top_up}", 404)],
    ("POST", "/v1/wallet/refunds"): _wallet_refunds,
    ("GET", "/v1/members/{member_id:uuid}/allowances"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/allowances", 404)
    ],
    ("POST", "/v1/members/{member_id:uuid}/allowances/{product:str}/use"): lambda ids, ours: [
        Knock(f"/v1/members/{ids.member}/allowances/class/use", 404, {}),
        Knock(f"/v1/members/{ours.member_id}/allowances/class/use", 422, {"branch_id": ids.branch}),
    ],
    ("POST", "/v1/members/{member_id:uuid}/allowances/{product:str}/uses/{use_id:uuid}/undo"): lambda ids, ours: [
        Knock(f"/v1/members/{ids.member}/allowances/class/uses/{ids.allowance_use}/undo", 404, {}),
        Knock(f"/v1/members/{ours.member_id}/allowances/class/uses/{ids.allowance_use}/undo", 404, {}),
    ],
    ("GET", "/v1/price-lists/{code:str}"): lambda ids, _: [Knock(f"/v1/price-lists/{ids.price_list}", 404)],
    # A code of somebody else's is free here: each chain has its own list of it.
    ("PUT", "/v1/price-lists/{code:str}"): lambda ids, _: [
        Knock(f"/v1/price-lists/{ids.price_list}", 201, {"names": {"zh-CN": "甲", "en": "A"}, "prices": []})
    ],
    ("GET", "/v1/campaigns/{campaign_id:uuid}"): lambda ids, _: [Knock(f"/v1/campaigns/{ids.campaign}", 404)],
    ("PUT", "/v1/campaigns/{campaign_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/campaigns/{ids.campaign}", 404, {**CAMPAIGN, "points": 1})
    ],
    ("DELETE", "/v1/campaigns/{campaign_id:uuid}"): lambda ids, _: [Knock(f"/v1/campaigns/{ids.campaign}", 404)],
    **{("POST", f"/v1/campaigns/{{campaign_id:uuid}}/{act}"): _switched(act) for act in ("start", "stop")},
    ("GET", "/v1/campaigns/{campaign_id:uuid}/report"): lambda ids, _: [
        Knock(f"/v1/campaigns/{ids.campaign}/report", 404)
    ],
    ("GET", "/v1/message-texts/{code:str}"): lambda ids, _: [Knock(f"/v1/message-texts/{ids.text}", 404)],
    ("DELETE", "/v1/message-texts/{code:str}"): lambda ids, _: [Knock(f"/v1/message-texts/{ids.text}", 404)],
    # As with price lists, the code is free here.
    ("PUT", "/v1/message-texts/{code:str}"): lambda ids, _: [Knock(f"/v1/message-texts/{ids.text}", 201, MESSAGE_TEXT)],
    ("GET", "/v1/coupons/{coupon_id:uuid}"): lambda ids, _: [Knock(f"/v1/coupons/{ids.coupon}", 404)],
    ("PATCH", "/v1/coupons/{coupon_id:uuid}"): lambda ids, _: [Knock(f"/v1/coupons/{ids.coupon}", 404, {"minimum": 1})],
    ("POST", "/v1/coupons/{coupon_id:uuid}/grant"): _grants,
    ("POST", "/v1/coupons/{coupon_id:uuid}/print"): lambda ids, ours: [
        Knock(f"/v1/coupons/{ids.coupon}/print", 404, {"count": 1}),
        Knock(f"/v1/coupons/{ours.coupon_id}/print", 422, {"count": 1, "branch_id": ids.branch}),
    ],
    ("POST", "/v1/coupons/redeem"): _redeemed,
    ("GET", "/v1/coupons/grants/{reference:str}"): lambda ids, _: [
        Knock(f"/v1/coupons/grants/{each}", 404) for each in (ids.grant, ids.number)
    ],
    ("POST", "/v1/coupons/grants/{reference:str}/void"): lambda ids, _: [
        Knock(f"/v1/coupons/grants/{each}/void", 404, {"reason": "knock"}) for each in (ids.grant, ids.number)
    ],
    ("GET", "/v1/members/{member_id:uuid}/coupons"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/coupons", 404)],
    ("GET", "/v1/rewards/{reward_id:uuid}"): lambda ids, _: [Knock(f"/v1/rewards/{ids.reward}", 404)],
    ("PATCH", "/v1/rewards/{reward_id:uuid}"): lambda ids, _: [Knock(f"/v1/rewards/{ids.reward}", 404, {"points": 11})],
    ("POST", "/v1/rewards/{reward_id:uuid}/stock"): lambda ids, _: [
        Knock(f"/v1/rewards/{ids.reward}/stock", 404, {"pieces": 1})
    ],
    ("POST", "/v1/rewards/{reward_id:uuid}/claim"): _claims,
    ("POST", "/v1/rewards/claims/{claim_id:uuid}/collect"): lambda ids, _: [
        Knock(f"/v1/rewards/claims/{ids.claim}/collect", 404, {})
    ],
    ("POST", "/v1/rewards/claims/{claim_id:uuid}/cancel"): lambda ids, _: [
        Knock(f"/v1/rewards/claims/{ids.claim}/cancel", 404, {})
    ],
    ("GET", "/v1/members/{member_id:uuid}/claims"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/claims", 404)],
    ("GET", "/v1/tasks/rules/{rule_id:uuid}"): lambda ids, _: [Knock(f"/v1/tasks/rules/{ids.rule}", 404)],
    ("PATCH", "/v1/tasks/rules/{rule_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/tasks/rules/{ids.rule}", 404, {"due_days": 8})
    ],
    ("DELETE", "/v1/tasks/rules/{rule_id:uuid}"): lambda ids, _: [Knock(f"/v1/tasks/rules/{ids.rule}", 404)],
    ("GET", "/v1/tasks"): _tasks,
    ("GET", "/v1/tasks/{task_id:uuid}"): lambda ids, _: [Knock(f"/v1/tasks/{ids.task}", 404)],
    ("POST", "/v1/tasks/{task_id:uuid}/postpone"): lambda ids, _: [
        Knock(f"/v1/tasks/{ids.task}/postpone", 404, {"until": "2199-01-01"})
    ],
    ("POST", "/v1/tasks/{task_id:uuid}/done"): lambda ids, _: [
        Knock(f"/v1/tasks/{ids.task}/done", 404, {"outcome": "reached"})
    ],
    ("POST", "/v1/tasks/{task_id:uuid}/skip"): lambda ids, _: [Knock(f"/v1/tasks/{ids.task}/skip", 404, {})],
    ("GET", "/v1/reports/tasks"): lambda ids, _: [
        Knock(f"/v1/reports/tasks?from=2026-01-01&to=2026-01-02&{each}", 404)
        for each in (f"branch_id={ids.branch}", f"rule={ids.rule}")
    ],
    ("POST", "/v1/activities"): _activities,
    ("GET", "/v1/members/{member_id:uuid}/points"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/points", 404)],
    ("POST", "/v1/points/adjust"): lambda ids, ours: _points("adjust", ids, ours),
    ("POST", "/v1/points/redeem"): lambda ids, ours: _points("redeem", ids, ours),
    ("POST", "/v1/activities:batch"): _activity_batch,
    ("GET", "/v1/activities/{activity_id:uuid}"): lambda ids, _: [Knock(f"/v1/activities/{ids.activity}", 404)],
    ("GET", "/v1/segments/{segment_id:uuid}"): lambda ids, _: [Knock(f"/v1/segments/{ids.segment}", 404)],
    ("PATCH", "/v1/segments/{segment_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/segments/{ids.segment}", 404, {"names": {"zh-CN": "甲", "en": "A"}})
    ],
    ("DELETE", "/v1/segments/{segment_id:uuid}"): lambda ids, _: [Knock(f"/v1/segments/{ids.segment}", 404)],
    ("GET", "/v1/segments/{segment_id:uuid}/members"): lambda ids, _: [
        Knock(f"/v1/segments/{ids.segment}/members", 404)
    ],
    ("GET", "/v1/branches/{branch_id:uuid}"): lambda ids, _: [Knock(f"/v1/branches/{ids.branch}", 404)],
    ("PATCH", "/v1/branches/{branch_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/branches/{ids.branch}", 404, {"name": "x"}),
        Knock(f"/v1/branches/{ids.branch}", 404, {"closed": True}),
    ],
    ("POST", "/v1/api-keys"): lambda ids, _: [
        Knock("/v1/api-keys", 422, {"name": "x", "scopes": ["members:read"], "branch_ids": [ids.branch]})
    ],
    ("DELETE", "/v1/api-keys/{key_id:str}"): lambda ids, _: [Knock(f"/v1/api-keys/{ids.key}", 404)],
    ("GET", "/v1/jobs/{job_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/jobs/{ids.job}", 404),
        Knock(f"/v1/jobs/{ids.imported}", 404),
        Knock(f"/v1/jobs/{ids.simulation}", 404),
    ],
    ("GET", "/v1/programme/simulations/{job_id:uuid}/members.csv"): lambda ids, _: [
        Knock(f"/v1/programme/simulations/{ids.simulation}/members.csv", 404)
    ],
    ("GET", "/v1/imports/{import_id:uuid}"): lambda ids, _: [Knock(f"/v1/imports/{ids.imported}", 404)],
    ("GET", "/v1/imports/{import_id:uuid}/errors.csv"): lambda ids, _: [
        Knock(f"/v1/imports/{ids.imported}/errors.csv", 404)
    ],
    ("POST", "/v1/imports"): _import,
    ("POST", "/v1/members/{member_id:uuid}/merge"): lambda ids, ours: [
        Knock(f"/v1/members/{ids.member}/merge", 404, {"other_id": ours.member_id}),
        Knock(f"/v1/members/{ours.member_id}/merge", 422, {"other_id": ids.member}),
    ],
    ("GET", "/v1/members/{member_id:uuid}/messages"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/messages", 404)],
    ("GET", "/v1/members/{member_id:uuid}/passes"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/passes", 404)],
    ("POST", "/v1/passes"): _passes,
    ("GET", "/v1/passes/{pass_id:uuid}"): lambda ids, _: [Knock(f"/v1/passes/{ids.sold_pass}", 404)],
    ("GET", "/v1/passes/{pass_id:uuid}/entries"): lambda ids, _: [Knock(f"/v1/passes/{ids.sold_pass}/entries", 404)],
    ("POST", "/v1/passes/{pass_id:uuid}/use"): lambda ids, ours: [
        Knock(f"/v1/passes/{ids.sold_pass}/use", 404, {"branch_id": ours.chain.branch_id}),
        Knock(f"/v1/passes/{ours.pass_id}/use", 422, {"branch_id": ids.branch}),
    ],
    ("POST", "/v1/passes/{pass_id:uuid}/undo-use"): lambda ids, ours: [
        Knock(f"/v1/passes/{ids.sold_pass}/undo-use", 404, {"entry_id": ours.pass_use_id}),
        Knock(f"/v1/passes/{ours.pass_id}/undo-use", 422, {"entry_id": ids.pass_use}),
    ],
    ("POST", "/v1/passes/{pass_id:uuid}/refund"): lambda ids, ours: [
        Knock(f"/v1/passes/{ids.sold_pass}/refund", 404, {"branch_id": ours.chain.branch_id, "uses": 1}),
        Knock(f"/v1/passes/{ours.pass_id}/refund", 422, {"branch_id": ids.branch, "uses": 1}),
    ],
    ("POST", "/v1/members/{member_id:uuid}/wallet-codes"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/wallet-codes", 404, {})
    ],
    ("POST", "/v1/members/{member_id:uuid}/wallet-codes/sms"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/wallet-codes/sms", 404, {"amount": 1})
    ],
    ("PUT", "/v1/members/{member_id:uuid}/pin"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/pin", 404, {"pin": "204816"})
    ],
    ("DELETE", "/v1/members/{member_id:uuid}/pin"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/pin", 404)],
    ("GET", "/v1/members/{member_id:uuid}/cards"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/cards", 404)],
    ("POST", "/v1/members/{member_id:uuid}/cards"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/cards", 404, {})],
    ("GET", "/v1/cards/{card_no:str}/qr.svg"): lambda ids, _: [Knock(f"/v1/cards/{ids.card}/qr.svg", 404)],
    ("POST", "/v1/cards/{card_no:str}/report-lost"): lambda ids, _: [
        Knock(f"/v1/cards/{ids.card}/report-lost", 404, {})
    ],
    ("POST", "/v1/cards/{card_no:str}/replace"): lambda ids, _: [
        Knock(f"/v1/cards/{ids.card}/replace", 404, {"proof": "knock"})
    ],
    # At the end: with one's own id nothing is left of the member afterwards.
    ("DELETE", "/v1/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/v1/members/{ids.member}", 404)],
    ("POST", "/v1/members/{member_id:uuid}/erase"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/erase", 404)],
}
"""Each route that takes an id in its path, query or body."""

TAKES_NO_ID = {
    ("GET", "/v1/tenant"): "the key's own tenant",
    ("PATCH", "/v1/tenant"): "the key's own tenant",
    ("GET", "/v1/branches"): "own rows; its cursor is tried below",
    ("POST", "/v1/branches"): "a new row; codes are the tenant's own",
    ("GET", "/v1/segments"): "own rows; its cursor is tried below",
    ("POST", "/v1/segments"): "a new row; codes are the tenant's own",
    ("GET", "/v1/campaigns"): "own rows; its cursor is tried below",
    ("POST", "/v1/campaigns"): "a new row; what it names are the tenant's own codes",
    ("GET", "/v1/message-texts"): "own rows; its cursor is a code",
    ("GET", "/v1/coupons"): "own rows; its cursor is tried below",
    ("POST", "/v1/coupons"): "a new row; branches are named by the tenant's own codes",
    ("GET", "/v1/tasks/rules"): "own rows; its cursor is tried below",
    ("POST", "/v1/tasks/rules"): "a new row; ladders, tiers and segments are named by the tenant's own codes",
    ("GET", "/v1/rewards"): "own rows; its cursor is tried below",
    ("POST", "/v1/rewards"): "a new row; ladders and tiers are the tenant's own",
    ("GET", "/v1/price-lists"): "own rows; its cursor is a code",
    ("POST", "/v1/segments/preview"): "own members; what a condition names is the tenant's own",
    ("GET", "/v1/api-keys"): "own rows; its cursor is tried below",
    ("GET", "/v1/audit-log"): "own rows; its cursor is tried below",
    ("GET", "/v1/programme"): "the tenant's own",
    ("GET", "/v1/programme/draft"): "the tenant's own",
    ("PUT", "/v1/programme/draft"): "the tenant's own",
    ("POST", "/v1/programme/draft/publish"): "the tenant's own",
    ("DELETE", "/v1/programme/pending"): "the tenant's own",
    ("GET", "/v1/programme/versions"): "own rows; its cursor is tried below",
    ("GET", "/v1/programme/versions/{version:int}"): "the tenant's own numbers, from 1",
    ("POST", "/v1/programme/versions/{version:int}/rollback"): "the tenant's own numbers, from 1",
    ("GET", "/v1/programme/versions/{version:int}/diff"): "the tenant's own numbers, from 1",
    ("GET", "/v1/programme/versions/draft/diff"): "the tenant's own draft and numbers",
    ("POST", "/v1/programme/draft/simulate"): "the tenant's own members; codes are its own",
    ("POST", "/v1/programme/recalculate"): "the tenant's own members",
    ("GET", "/v1/proof"): "the tenant's own",
    ("POST", "/v1/proof"): "the tenant's own members",
    ("GET", "/v1/proof/differences"): "own rows; its cursor is tried below",
    ("GET", "/v1/reports/settlement"): "the tenant's own branches",
    ("GET", "/v1/reports/settlement.csv"): "the tenant's own branches",
    ("GET", "/overview"): "the session's own tenant",
    ("GET", "/overview/work"): "the session's own tenant",
    ("POST", "/logout"): "the session's own",
}
"""Routes for somebody known that take no id of anything."""

PUBLIC = {
    ("GET", "/"): "the way to the log-in",
    ("GET", "/healthz"): "liveness",
    ("GET", "/readyz"): "readiness",
    ("GET", "/metrics"): "Prometheus; the reverse proxy keeps it inside",
    ("GET", "/problems"): "what problem types mean",
    ("GET", "/problems/{code:str}"): "what a problem type means",
    ("GET", "/v1/templates"): "industry templates",
    ("GET", "/v1/templates/{code:str}"): "an industry template",
    ("POST", "/v1/signup"): "who has no tenant yet",
    ("GET", "/docs"): "the reference",
    ("GET", "/openapi.json"): "the contract",
    ("GET", "/assets/{digest:str}/{name:str}"): "styles and scripts",
    ("GET", "/login"): "the log-in",
    ("POST", "/login"): "the log-in",
    ("POST", "/login/chain"): "the log-in's second step, by a signed ticket",
    ("POST", "/preferences"): "language of the log-in page, a cookie",
}
"""Routes for everybody: they may not know of any tenant."""

ANY_KEY = {
    ("GET", "/v1/tenant"): "every key may know whose it is",
    ("GET", "/v1/branches"): "every till has to name a branch",
    ("GET", "/v1/branches/{branch_id:uuid}"): "every till has to name a branch",
    ("GET", "/v1/jobs/{job_id:uuid}"): "progress and counts; who may start a job may follow it",
    ("POST", "/logout"): "whoever is logged in may leave",
}
"""Routes for every key or session of the tenant, whatever its scopes."""

OWN_CHECK = {
    ("POST", "/v1/imports"): "the scope depends on what is imported",
    ("GET", "/v1/imports/{import_id:uuid}"): "who may import anything",
    ("GET", "/v1/imports/{import_id:uuid}/errors.csv"): "who may import anything",
}
"""Routes that check scopes themselves."""

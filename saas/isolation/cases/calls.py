"""The API's routes about members, what they buy and what they hold."""

from saas.isolation.cases.bodies import batch, members, purchases, quotes, top_ups, wallet_refunds
from saas.isolation.knocks import Case, Cases, Knock


def _switched(act: str) -> Case:
    return lambda ids, _: [Knock(f"/v1/campaigns/{ids.campaign}/{act}", 404, {})]


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


CALLS: Cases = {
    ("GET", "/v1/members"): members,
    ("POST", "/v1/members"): lambda ids, _: [
        Knock("/v1/members", 422, {"name": "x", "branch_id": ids.branch}),
        Knock("/v1/members", 422, {"name": "x", "referrer_id": ids.member}),
    ],
    ("POST", "/v1/members:batch"): lambda ids, _: [
        Knock("/v1/members:batch", 200, {"items": [{"name": "x", "branch_id": ids.branch}]}),
        Knock("/v1/members:batch", 200, {"items": [{"name": "x", "referrer_id": ids.member}]}),
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
    ("GET", "/v1/members/{member_id:uuid}/timeline"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/timeline", 404)],
    ("GET", "/v1/members/{member_id:uuid}/decisions"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/decisions", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/purchases"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/purchases", 404)
    ],
    ("POST", "/v1/purchases"): purchases,
    ("POST", "/v1/purchases:batch"): batch,
    ("POST", "/v1/quotes"): quotes,
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
    ("POST", "/v1/wallet/top-ups"): top_ups,
    ("GET", "/v1/wallet/top-ups/{top_up_id:uuid}"): lambda ids, _: [Knock(f"/v1/wallet/top-ups/{ids.top_up}", 404)],
    ("POST", "/v1/wallet/refunds"): wallet_refunds,
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
    ("PATCH", "/v1/price-lists/{code:str}"): lambda ids, _: [
        Knock(f"/v1/price-lists/{ids.price_list}", 404, {"remove": ["knock"]})
    ],
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
}

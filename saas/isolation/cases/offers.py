"""Pages of passes, coupons and rewards."""

from typing import Any

from saas.isolation.knocks import Cases, Knock

ACT = {"act": "01970000-0000-7000-8000-0000000000a0"}


_SOLD = {"product": "x", "uses": "1", "price": "1", "valid_until": "2199-01-01"}


def sent(path: str, status: int, **fields: Any) -> Knock:
    return Knock(path, status, request={"data": {**ACT, **fields}})


PASS_PAGES: Cases = {
    ("GET", "/passes"): lambda ids, _: [
        Knock("/passes", 200, request={"params": {"q": one}}) for one in (ids.phone, ids.card, ids.external)
    ],
    ("POST", "/passes/new"): lambda ids, ours: [
        *(sent("/passes/new", 422, who=one, uses="1") for one in (ids.phone, ids.card, ids.external)),
        sent("/passes/new", 422, **{**_SOLD, "who": ours.card_no, "branch_id": ids.branch}),
    ],
    ("GET", "/passes/{pass_id:uuid}"): lambda ids, _: [Knock(f"/passes/{ids.sold_pass}", 404)],
    ("POST", "/passes/{pass_id:uuid}/use"): lambda ids, ours: [
        sent(f"/passes/{ids.sold_pass}/use", 404, branch_id=ours.chain.branch_id),
        sent(f"/passes/{ours.pass_id}/use", 422, branch_id=ids.branch),
    ],
    ("POST", "/passes/{pass_id:uuid}/undo"): lambda ids, ours: [
        sent(f"/passes/{ids.sold_pass}/undo", 404, entry_id=ours.pass_use_id),
        sent(f"/passes/{ours.pass_id}/undo", 422, entry_id=ids.pass_use),
    ],
    ("POST", "/passes/{pass_id:uuid}/refund"): lambda ids, ours: [
        sent(f"/passes/{ids.sold_pass}/refund", 404, branch_id=ours.chain.branch_id),
        sent(f"/passes/{ours.pass_id}/refund", 422, branch_id=ids.branch, uses="1"),
    ],
}


COUPON_PAGES: Cases = {
    ("GET", "/coupons/find"): lambda ids, _: [Knock("/coupons/find", 422, request={"params": {"number": ids.number}})],
    ("GET", "/coupons/{coupon_id:uuid}"): lambda ids, _: [Knock(f"/coupons/{ids.coupon}", 404)],
    ("GET", "/coupons/{coupon_id:uuid}/edit"): lambda ids, _: [Knock(f"/coupons/{ids.coupon}/edit", 404)],
    ("POST", "/coupons/{coupon_id:uuid}/edit"): lambda ids, _: [sent(f"/coupons/{ids.coupon}/edit", 404)],
    ("POST", "/coupons/{coupon_id:uuid}/end"): lambda ids, _: [sent(f"/coupons/{ids.coupon}/end", 404, ended="no")],
    ("GET", "/coupons/{coupon_id:uuid}/give"): lambda ids, _: [Knock(f"/coupons/{ids.coupon}/give", 404)],
    ("POST", "/coupons/{coupon_id:uuid}/give"): lambda ids, ours: [
        sent(f"/coupons/{ids.coupon}/give", 404, who="x"),
        sent(f"/coupons/{ours.coupon_id}/give", 200, who=ids.card),
        sent(f"/coupons/{ours.coupon_id}/give", 200, who=ids.external),
        sent(f"/coupons/{ours.coupon_id}/give", 422, segment=ids.segment),
    ],
    ("POST", "/coupons/{coupon_id:uuid}/give/members"): lambda ids, ours: [
        sent(f"/coupons/{ids.coupon}/give/members", 404, member_ids=ours.member_id),
        sent(f"/coupons/{ours.coupon_id}/give/members", 422, member_ids=ids.member),
    ],
    ("POST", "/coupons/{coupon_id:uuid}/give/segment"): lambda ids, ours: [
        sent(f"/coupons/{ids.coupon}/give/segment", 404, segment=ours.segment_id),
        sent(f"/coupons/{ours.coupon_id}/give/segment", 422, segment=ids.segment),
    ],
    ("GET", "/coupons/{coupon_id:uuid}/jobs/{job_id:uuid}"): lambda ids, ours: [
        Knock(f"/coupons/{ours.coupon_id}/jobs/{ids.grant_job}", 404)
    ],
    ("POST", "/coupons/{coupon_id:uuid}/print"): lambda ids, ours: [
        sent(f"/coupons/{ids.coupon}/print", 404, count="1"),
        sent(f"/coupons/{ours.coupon_id}/print", 422, count="1", branch_id=ids.branch),
    ],
    ("GET", "/coupons/{coupon_id:uuid}/sheets/{act:uuid}"): lambda ids, _: [
        Knock(f"/coupons/{ids.coupon}/sheets/{ids.sheet}", 404)
    ],
    ("GET", "/coupons/{coupon_id:uuid}/sheets/{act:uuid}/numbers.csv"): lambda ids, _: [
        Knock(f"/coupons/{ids.coupon}/sheets/{ids.sheet}/numbers.csv", 404)
    ],
    ("GET", "/coupons/grants/{grant_id:uuid}"): lambda ids, _: [Knock(f"/coupons/grants/{ids.grant}", 404)],
    ("POST", "/coupons/grants/{grant_id:uuid}/redeem"): lambda ids, ours: [
        sent(f"/coupons/grants/{ids.grant}/redeem", 404, branch_id=ours.chain.branch_id)
    ],
    ("POST", "/coupons/grants/{grant_id:uuid}/void"): lambda ids, _: [
        sent(f"/coupons/grants/{ids.grant}/void", 404, reason="knock")
    ],
}


REWARD_PAGES: Cases = {
    ("GET", "/rewards/claims"): lambda ids, _: [
        Knock("/rewards/claims", 200, request={"params": {"q": one}}) for one in (ids.phone, ids.card, ids.external)
    ],
    ("GET", "/rewards/{reward_id:uuid}"): lambda ids, _: [Knock(f"/rewards/{ids.reward}", 404)],
    ("GET", "/rewards/{reward_id:uuid}/edit"): lambda ids, _: [Knock(f"/rewards/{ids.reward}/edit", 404)],
    ("POST", "/rewards/{reward_id:uuid}/edit"): lambda ids, _: [sent(f"/rewards/{ids.reward}/edit", 404)],
    ("POST", "/rewards/{reward_id:uuid}/end"): lambda ids, _: [sent(f"/rewards/{ids.reward}/end", 404, ended="no")],
    ("POST", "/rewards/{reward_id:uuid}/stock"): lambda ids, _: [sent(f"/rewards/{ids.reward}/stock", 404, pieces="1")],
    ("GET", "/rewards/{reward_id:uuid}/claim"): lambda ids, _: [Knock(f"/rewards/{ids.reward}/claim", 404)],
    ("POST", "/rewards/{reward_id:uuid}/claim"): lambda ids, ours: [
        sent(f"/rewards/{ids.reward}/claim", 404, who=ours.card_no),
        *(sent(f"/rewards/{ours.reward_id}/claim", 200, who=one) for one in (ids.phone, ids.card, ids.external)),
    ],
    ("POST", "/rewards/{reward_id:uuid}/claim/{member_id:uuid}"): lambda ids, ours: [
        sent(f"/rewards/{ids.reward}/claim/{ours.member_id}", 404),
        sent(f"/rewards/{ours.reward_id}/claim/{ids.member}", 422),
        sent(f"/rewards/{ours.reward_id}/claim/{ours.member_id}", 422, branch_id=ids.branch),
    ],
    ("GET", "/rewards/claims/{claim_id:uuid}"): lambda ids, _: [Knock(f"/rewards/claims/{ids.claim}", 404)],
    ("POST", "/rewards/claims/{claim_id:uuid}/collect"): lambda ids, _: [
        sent(f"/rewards/claims/{ids.claim}/collect", 404)
    ],
    ("POST", "/rewards/claims/{claim_id:uuid}/cancel"): lambda ids, _: [
        sent(f"/rewards/claims/{ids.claim}/cancel", 404)
    ],
}

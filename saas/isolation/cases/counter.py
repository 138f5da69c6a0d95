"""The till."""

from saas.isolation.furnishing.furnish import Furnished
from saas.isolation.knocks import Cases, Ids, Knock


def _sale(ids: Ids, ours: Furnished) -> list[Knock]:
    """A sale of somebody, and at some branch; a number of its own would differ from try to try."""
    form = {"amount": "1", "tender": "cash", "number": "knock"}
    return [
        Knock(
            "/counter/sale",
            404,
            request={"data": {**form, "member_id": ids.member, "branch_id": ours.second_branch_id}},
        ),
        Knock("/counter/sale", 422, request={"data": {**form, "branch_id": ids.branch}}),
    ]


def _acts(ids: Ids, ours: Furnished) -> list[Knock]:
    """Each of what a till does with a member, and with what belongs to one."""
    here = {"branch_id": ours.second_branch_id, "number": "knock"}
    mine, theirs = f"/counter/members/{ours.member_id}", f"/counter/members/{ids.member}"
    return [
        Knock(f"{theirs}/redeem", 404, request={"data": {**here, "points": "1"}}),
        Knock(f"{mine}/claim", 404, request={"data": {**here, "reward_id": ids.reward}}),
        Knock(f"{mine}/collect", 404, request={"data": {**here, "claim_id": ids.claim}}),
        Knock(f"{mine}/use-pass", 404, request={"data": {**here, "pass_id": ids.sold_pass}}),
        Knock(f"{mine}/lost", 404, request={"data": {**here, "old": ids.card}}),
    ]


COUNTER_PAGES: Cases = {
    ("GET", "/counter"): lambda ids, _: [
        *(Knock("/counter", 200, request={"params": {"q": one}}) for one in (ids.phone, ids.card, ids.external)),
        Knock("/counter", 200, request={"params": {"q": ids.number}}),
        Knock("/counter", 404, request={"params": {"entry": f"purchase:{ids.purchase}"}}),
        Knock("/counter", 404, request={"params": {"entry": f"top_up:{ids.top_up}"}}),
    ],
    ("POST", "/counter/branch"): lambda ids, _: [
        Knock("/counter/branch", 403, request={"data": {"branch_id": ids.branch}})
    ],
    ("POST", "/counter/scan"): lambda ids, _: [
        *(Knock("/counter/scan", 200, request={"data": {"code": one}}) for one in (ids.phone, ids.card, ids.number)),
    ],
    ("POST", "/counter/quote"): lambda ids, _: [
        Knock("/counter/quote", 404, request={"data": {"amount": "1", "member_id": ids.member}}),
    ],
    ("GET", "/counter/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/counter/members/{ids.member}", 404)],
    ("GET", "/counter/receipts/purchase/{entry_id:uuid}"): lambda ids, _: [
        Knock(f"/counter/receipts/purchase/{ids.purchase}", 404)
    ],
    ("GET", "/counter/receipts/top-up/{entry_id:uuid}"): lambda ids, _: [
        Knock(f"/counter/receipts/top-up/{ids.top_up}", 404)
    ],
    ("GET", "/counter/cards/{member_id:uuid}"): lambda ids, _: [Knock(f"/counter/cards/{ids.member}", 404)],
    ("GET", "/counter/refunds/{purchase_id:uuid}"): lambda ids, _: [Knock(f"/counter/refunds/{ids.purchase}", 404)],
    ("GET", "/counter/shifts/{handover_id:uuid}"): lambda ids, _: [Knock(f"/counter/shifts/{ids.staff}", 404)],
    ("POST", "/counter/shifts/{handover_id:uuid}"): lambda ids, _: [Knock(f"/counter/shifts/{ids.staff}", 404)],
    ("POST", "/counter/sale"): _sale,
    ("POST", "/counter/members/{member_id:uuid}/{act:str}"): _acts,
    ("POST", "/counter/refunds/{purchase_id:uuid}"): lambda ids, _: [
        Knock(f"/counter/refunds/{ids.purchase}", 404, request={"data": {"amount": "1", "number": "knock"}})
    ],
    ("POST", "/counter/undo"): lambda ids, _: [
        Knock("/counter/undo", 404, request={"data": {"kind": kind, "id": one}})
        for kind, one in (
            ("purchase", ids.purchase),
            ("top_up", ids.top_up),
            ("pass_use", ids.pass_use),
            ("allowance", ids.allowance_use),
            ("claim", ids.claim),
        )
    ],
}

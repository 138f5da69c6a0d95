"""The API's routes about offers, tasks, reports, people, rules, files and cards."""

from saas.isolation.cases.bodies import (
    activities,
    activity_batch,
    claims,
    grants,
    import_rows,
    passes,
    points,
    redeemed,
)
from saas.isolation.furnishing.furnish import Furnished
from saas.isolation.knocks import Case, Cases, Ids, Knock


def _tasks(path: str) -> Case:
    def knocks(ids: Ids, _: Furnished) -> list[Knock]:
        asked = (f"branch_id={ids.branch}", f"rule={ids.rule}", f"member_id={ids.member}")
        return [Knock(f"{path}?{each}&state=postponed", 404) for each in asked]

    return knocks


_OF_A_BRANCH = ("overview", "tier-mix", "movements", "rfm", "cohorts", "pareto", "branches")


def _settlement(kind: str) -> Case:
    asked = "from=2026-01-01&to=2026-01-02"
    return lambda ids, _: [Knock(f"/v1/reports/settlement{kind}?{asked}&branch_id={ids.branch}", 404)]


def _report(name: str) -> Case:
    return lambda ids, _: [Knock(f"/v1/reports/{name}?branch_id={ids.branch}", 404)]


MORE_CALLS: Cases = {
    ("GET", "/v1/coupons/{coupon_id:uuid}"): lambda ids, _: [Knock(f"/v1/coupons/{ids.coupon}", 404)],
    ("PATCH", "/v1/coupons/{coupon_id:uuid}"): lambda ids, _: [Knock(f"/v1/coupons/{ids.coupon}", 404, {"minimum": 1})],
    ("POST", "/v1/coupons/{coupon_id:uuid}/grant"): grants,
    ("POST", "/v1/coupons/{coupon_id:uuid}/print"): lambda ids, ours: [
        Knock(f"/v1/coupons/{ids.coupon}/print", 404, {"count": 1}),
        Knock(f"/v1/coupons/{ours.coupon_id}/print", 422, {"count": 1, "branch_id": ids.branch}),
    ],
    ("POST", "/v1/coupons/redeem"): redeemed,
    ("GET", "/v1/coupons/{coupon_id:uuid}/grants"): lambda ids, _: [Knock(f"/v1/coupons/{ids.coupon}/grants", 404)],
    ("GET", "/v1/coupons/grants/{reference:str}"): lambda ids, _: [
        Knock(f"/v1/coupons/grants/{each}", 404) for each in (ids.grant, ids.number)
    ],
    ("POST", "/v1/coupons/grants/{reference:str}/void"): lambda ids, _: [
        Knock(f"/v1/coupons/grants/{each}/void", 404, {"reason": "knock"}) for each in (ids.grant, ids.number)
    ],
    ("GET", "/v1/members/{member_id:uuid}/coupons"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/coupons", 404)],
    ("GET", "/v1/rewards/{reward_id:uuid}"): lambda ids, _: [Knock(f"/v1/rewards/{ids.reward}", 404)],
    ("PATCH", "/v1/rewards/{reward_id:uuid}"): lambda ids, _: [Knock(f"/v1/rewards/{ids.reward}", 404, {"points": 11})],
    ("GET", "/v1/rewards/{reward_id:uuid}/claims"): lambda ids, _: [Knock(f"/v1/rewards/{ids.reward}/claims", 404)],
    ("POST", "/v1/rewards/{reward_id:uuid}/stock"): lambda ids, _: [
        Knock(f"/v1/rewards/{ids.reward}/stock", 404, {"pieces": 1})
    ],
    ("POST", "/v1/rewards/{reward_id:uuid}/claim"): claims,
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
    ("GET", "/v1/tasks"): _tasks("/v1/tasks"),
    ("GET", "/v1/tasks.csv"): _tasks("/v1/tasks.csv"),
    ("GET", "/v1/tasks/{task_id:uuid}"): lambda ids, _: [Knock(f"/v1/tasks/{ids.task}", 404)],
    ("POST", "/v1/tasks/{task_id:uuid}/postpone"): lambda ids, _: [
        Knock(f"/v1/tasks/{ids.task}/postpone", 404, {"until": "2199-01-01"})
    ],
    ("POST", "/v1/tasks/{task_id:uuid}/done"): lambda ids, _: [
        Knock(f"/v1/tasks/{ids.task}/done", 404, {"outcome": "reached"})
    ],
    ("POST", "/v1/tasks/{task_id:uuid}/skip"): lambda ids, _: [Knock(f"/v1/tasks/{ids.task}/skip", 404, {})],
    **{("GET", f"/v1/reports/{name}"): _report(name) for name in _OF_A_BRANCH},
    **{("GET", f"/v1/reports/settlement{kind}"): _settlement(kind) for kind in ("", ".csv")},
    ("GET", "/v1/reports/tasks"): lambda ids, _: [
        Knock(f"/v1/reports/tasks?from=2026-01-01&to=2026-01-02&{each}", 404)
        for each in (f"branch_id={ids.branch}", f"rule={ids.rule}")
    ],
    ("POST", "/v1/activities"): activities,
    ("GET", "/v1/members/{member_id:uuid}/points"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/points", 404)],
    ("POST", "/v1/points/adjust"): lambda ids, ours: points("adjust", ids, ours),
    ("POST", "/v1/points/redeem"): lambda ids, ours: points("redeem", ids, ours),
    ("POST", "/v1/activities:batch"): activity_batch,
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
    ("POST", "/v1/staff"): lambda ids, _: [
        Knock(
            "/v1/staff",
            422,
            {"name": "x", "email": f"{ids.branch}@example.com", "role": "clerk", "branch_ids": [ids.branch]},
        )
    ],
    ("GET", "/v1/staff/{staff_id:uuid}"): lambda ids, _: [Knock(f"/v1/staff/{ids.staff}", 404)],
    ("PATCH", "/v1/staff/{staff_id:uuid}"): lambda ids, ours: [
        Knock(f"/v1/staff/{ids.staff}", 404, {"name": "x"}),
        Knock(f"/v1/staff/{ours.staff_id}", 422, {"branch_ids": [ids.branch]}),
    ],
    ("POST", "/v1/staff/{staff_id:uuid}/invite"): lambda ids, _: [Knock(f"/v1/staff/{ids.staff}/invite", 404)],
    ("GET", "/staff/{staff_id:uuid}"): lambda ids, _: [Knock(f"/staff/{ids.staff}", 404)],
    ("POST", "/staff/{staff_id:uuid}"): lambda ids, _: [
        Knock(f"/staff/{ids.staff}", 404, {"name": "x", "role": "clerk", "where": "all"})
    ],
    ("POST", "/staff/{staff_id:uuid}/invite"): lambda ids, _: [Knock(f"/staff/{ids.staff}/invite", 404, {})],
    ("POST", "/staff/{staff_id:uuid}/second-factor"): lambda ids, _: [
        Knock(f"/staff/{ids.staff}/second-factor", 404, {})
    ],
    ("POST", "/staff/{staff_id:uuid}/log-out"): lambda ids, _: [Knock(f"/staff/{ids.staff}/log-out", 404, {})],
    ("DELETE", "/v1/staff/{staff_id:uuid}/sessions"): lambda ids, _: [Knock(f"/v1/staff/{ids.staff}/sessions", 404)],
    ("DELETE", "/v1/staff/{staff_id:uuid}/second-factor"): lambda ids, _: [
        Knock(f"/v1/staff/{ids.staff}/second-factor", 404)
    ],
    ("DELETE", "/v1/staff/{staff_id:uuid}"): lambda ids, _: [Knock(f"/v1/staff/{ids.staff}", 404)],
    ("PATCH", "/v1/tills/{till_id:uuid}"): lambda ids, _: [Knock(f"/v1/tills/{ids.till}", 404, {"idle_minutes": 6})],
    ("POST", "/staff/tills/{till_id:uuid}"): lambda ids, _: [
        Knock(f"/staff/tills/{ids.till}", 404, {"idle_minutes": "7"})
    ],
    # Behind the others: with one's own id nobody can be changed afterwards.
    ("POST", "/staff/tills/{till_id:uuid}/revoke"): lambda ids, _: [Knock(f"/staff/tills/{ids.till}/revoke", 404, {})],
    ("DELETE", "/v1/tills/{till_id:uuid}"): lambda ids, _: [Knock(f"/v1/tills/{ids.till}", 404)],
    ("POST", "/staff/{staff_id:uuid}/remove"): lambda ids, _: [Knock(f"/staff/{ids.staff}/remove", 404, {})],
    ("DELETE", "/v1/api-keys/{key_id:str}"): lambda ids, _: [Knock(f"/v1/api-keys/{ids.key}", 404)],
    ("GET", "/v1/jobs/{job_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/jobs/{ids.job}", 404),
        Knock(f"/v1/jobs/{ids.imported}", 404),
        Knock(f"/v1/jobs/{ids.simulation}", 404),
    ],
    ("GET", "/v1/jobs/{job_id:uuid}/events"): lambda ids, _: [
        Knock(f"/v1/jobs/{ids.job}/events", 404),
        Knock(f"/v1/jobs/{ids.imported}/events", 404),
        Knock(f"/v1/jobs/{ids.simulation}/events", 404),
    ],
    ("GET", "/v1/programme/simulations/{job_id:uuid}/members.csv"): lambda ids, _: [
        Knock(f"/v1/programme/simulations/{ids.simulation}/members.csv", 404)
    ],
    ("DELETE", "/v1/programme/simulations/{job_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/programme/simulations/{ids.simulation}", 404)
    ],
    ("POST", "/programme/try/{run_id:uuid}/cancel"): lambda ids, _: [
        Knock(f"/programme/try/{ids.simulation}/cancel", 404, {})
    ],
    ("GET", "/programme/try"): lambda ids, _: [Knock(f"/programme/try?run={ids.simulation}", 404)],
    ("GET", "/v1/imports/{import_id:uuid}"): lambda ids, _: [Knock(f"/v1/imports/{ids.imported}", 404)],
    ("GET", "/v1/imports/{import_id:uuid}/errors.csv"): lambda ids, _: [
        Knock(f"/v1/imports/{ids.imported}/errors.csv", 404)
    ],
    ("POST", "/v1/imports/{import_id:uuid}/cancel"): lambda ids, _: [Knock(f"/v1/imports/{ids.imported}/cancel", 404)],
    ("POST", "/v1/imports"): import_rows,
    ("GET", "/v1/events/{event_id:uuid}"): lambda ids, _: [Knock(f"/v1/events/{ids.event}", 404)],
    ("GET", "/v1/exports/{export_id:uuid}"): lambda ids, _: [Knock(f"/v1/exports/{ids.export}", 404)],
    ("DELETE", "/v1/exports/{export_id:uuid}"): lambda ids, _: [Knock(f"/v1/exports/{ids.export}", 404)],
    ("POST", "/v1/members/{member_id:uuid}/merge"): lambda ids, ours: [
        Knock(f"/v1/members/{ids.member}/merge", 404, {"other_id": ours.member_id}),
        Knock(f"/v1/members/{ours.member_id}/merge", 422, {"other_id": ids.member}),
    ],
    ("GET", "/v1/members/{member_id:uuid}/messages"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/messages", 404)],
    ("GET", "/v1/messages"): lambda ids, _: [
        Knock("/v1/messages", 404, request={"params": {"member_id": ids.member}}),
        Knock("/v1/messages", 200, request={"params": {"purpose": f"campaign:c{ids.text[1:]}"}}),
    ],
    ("GET", "/v1/members/{member_id:uuid}/passes"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/passes", 404)],
    ("POST", "/v1/passes"): passes,
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
    ("POST", "/v1/members/{member_id:uuid}/card-link"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/card-link", 404, {})
    ],
    ("DELETE", "/v1/members/{member_id:uuid}/card-link"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/card-link", 404)
    ],
    ("GET", "/v1/members/{member_id:uuid}/agreements"): lambda ids, _: [
        Knock(f"/v1/members/{ids.member}/agreements", 404)
    ],
    ("POST", "/v1/join-codes"): lambda ids, _: [Knock("/v1/join-codes", 404, {"branch_id": ids.branch})],
    ("DELETE", "/v1/join-codes/{code:str}"): lambda ids, _: [Knock(f"/v1/join-codes/{ids.join_code}", 404)],
    ("GET", "/v1/cards/{card_no:str}/qr.svg"): lambda ids, _: [Knock(f"/v1/cards/{ids.card}/qr.svg", 404)],
    ("POST", "/v1/cards/{card_no:str}/report-lost"): lambda ids, _: [
        Knock(f"/v1/cards/{ids.card}/report-lost", 404, {})
    ],
    ("POST", "/v1/cards/{card_no:str}/replace"): lambda ids, _: [
        Knock(f"/v1/cards/{ids.card}/replace", 404, {"proof": "knock"})
    ],
}

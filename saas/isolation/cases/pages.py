"""Each page that takes an id or an identifier."""

from saas.isolation.cases.counter import COUNTER_PAGES
from saas.isolation.cases.marketing import MARKETING_PAGES
from saas.isolation.cases.offers import COUPON_PAGES, PASS_PAGES, REWARD_PAGES
from saas.isolation.cases.webhooks import WEBHOOK_PAGES
from saas.isolation.knocks import Cases, Knock

PAGES: Cases = {
    **WEBHOOK_PAGES,
    **COUNTER_PAGES,
    **COUPON_PAGES,
    **PASS_PAGES,
    **REWARD_PAGES,
    **MARKETING_PAGES,
    ("GET", "/members"): lambda ids, _: [
        *(Knock("/members", 200, request={"params": {"q": one}}) for one in (ids.phone, ids.card, ids.external)),
        Knock("/members", 422, request={"params": {"segment": ids.segment}}),
    ],
    ("GET", "/members/new"): lambda ids, _: [Knock("/members/new", 200, request={"params": {"phone": ids.phone}})],
    ("POST", "/members/new"): lambda ids, _: [
        Knock("/members/new", 422, request={"data": {"name": "knock", "branch_id": ids.branch}})
    ],
    ("GET", "/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/members/{ids.member}", 404)],
    ("POST", "/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/members/{ids.member}", 404)],
    ("POST", "/joining"): lambda ids, _: [
        Knock("/joining", 404, request={"data": {"act": act, "branch_id": ids.branch}}) for act in ("make", "renew")
    ],
    ("GET", "/joining/{code:str}"): lambda ids, _: [Knock(f"/joining/{ids.join_code}", 404)],
    ("GET", "/members/{member_id:uuid}/card"): lambda ids, _: [Knock(f"/members/{ids.member}/card", 404)],
    ("POST", "/members/{member_id:uuid}/card"): lambda ids, _: [
        Knock(f"/members/{ids.member}/card", 404, request={"data": {"act": act}})
        for act in ("show", "send", "verified", "end")
    ],
    ("GET", "/members/{member_id:uuid}/edit"): lambda ids, _: [Knock(f"/members/{ids.member}/edit", 404)],
    ("GET", "/members/{member_id:uuid}/by-hand"): lambda ids, _: [Knock(f"/members/{ids.member}/by-hand", 404)],
    ("POST", "/members/{member_id:uuid}/by-hand/{act:str}"): lambda ids, ours: [
        Knock(f"/members/{ids.member}/by-hand/unlock", 404, request={"data": {}}),
        Knock(
            f"/members/{ours.member_id}/by-hand/coupon",
            404,
            request={"data": {"act": "01890000-0000-7000-8000-000000000000", "coupon_coupon_id": ids.coupon}},
        ),
    ],
    ("POST", "/members/{member_id:uuid}/edit"): lambda ids, ours: [
        Knock(f"/members/{ids.member}/edit", 404, request={"data": {"name": "knock", "revision": "0"}}),
        Knock(f"/members/{ours.member_id}/edit", 412, request={"data": {"name": "knock", "revision": "999"}}),
    ],
    ("POST", "/members/views/{view_id:uuid}/remove"): lambda ids, _: [Knock(f"/members/views/{ids.view}/remove", 404)],
    ("GET", "/members/bulk"): lambda ids, _: [
        Knock("/members/bulk", 200, request={"params": {"id": ids.member}}),
        Knock("/members/bulk", 422, request={"params": {"all": "1", "segment": ids.segment}}),
    ],
    ("POST", "/members/bulk"): lambda ids, _: [
        Knock(
            "/members/bulk",
            404,
            request={"data": {"key": ids.job, "id": ids.member, "act": "coupon", "coupon_id": ids.coupon}},
        )
    ],
    ("GET", "/members/bulk/{job_id:uuid}"): lambda ids, _: [Knock(f"/members/bulk/{ids.bulk}", 404)],
    ("POST", "/members/bulk/{job_id:uuid}/cancel"): lambda ids, _: [Knock(f"/members/bulk/{ids.bulk}/cancel", 404)],
    ("GET", "/members/export.csv"): lambda ids, _: [
        *(Knock("/members/export.csv", 200, request={"params": {"q": one}}) for one in (ids.phone, ids.external)),
        Knock("/members/export.csv", 422, request={"params": {"segment": ids.segment}}),
    ],
    ("GET", "/branches/{branch_id:uuid}"): lambda ids, _: [Knock(f"/branches/{ids.branch}", 404)],
    ("POST", "/branches/{branch_id:uuid}"): lambda ids, _: [
        Knock(f"/branches/{ids.branch}", 404, request={"data": {"name": "knock", "kind": "own"}}),
        Knock(f"/branches/{ids.branch}", 404, request={"data": {"closed": "yes"}}),
    ],
    ("POST", "/keys"): lambda ids, _: [
        Knock(
            "/keys",
            422,
            request={
                "data": {"name": "knock", "scopes": "members:read", "where": "some", "branch_ids": ids.key_branch}
            },
        )
    ],
    ("GET", "/keys/{key_id:str}/revoke"): lambda ids, _: [Knock(f"/keys/{ids.key}/revoke", 404)],
    ("POST", "/keys/{key_id:str}/revoke"): lambda ids, _: [Knock(f"/keys/{ids.key}/revoke", 404)],
    ("GET", "/audit"): lambda ids, _: [
        Knock("/audit", 200, request={"params": {"about": f"branch:{ids.branch}"}}),
    ],
    ("GET", "/audit/export.csv"): lambda ids, _: [
        Knock("/audit/export.csv", 200, request={"params": {"about": f"branch:{ids.branch}"}})
    ],
    ("GET", "/imports/files/{upload_id:uuid}"): lambda ids, _: [Knock(f"/imports/files/{ids.upload}", 404)],
    ("POST", "/imports/files/{upload_id:uuid}"): lambda ids, _: [
        Knock(f"/imports/files/{ids.upload}", 404, request={"data": {"column-0": "phone"}})
    ],
    ("GET", "/imports/{import_id:uuid}"): lambda ids, _: [Knock(f"/imports/{ids.imported}", 404)],
    ("POST", "/imports/{import_id:uuid}/cancel"): lambda ids, _: [Knock(f"/imports/{ids.imported}/cancel", 404)],
    ("POST", "/imports/{import_id:uuid}/go"): lambda ids, _: [Knock(f"/imports/{ids.imported}/go", 404)],
    ("GET", "/imports/{import_id:uuid}/failed.csv"): lambda ids, _: [Knock(f"/imports/{ids.imported}/failed.csv", 404)],
    ("GET", "/exports/{export_id:uuid}/file"): lambda ids, _: [Knock(f"/exports/{ids.export}/file", 404)],
    ("POST", "/exports/{export_id:uuid}/remove"): lambda ids, _: [Knock(f"/exports/{ids.export}/remove", 404)],
}
"""Each page that takes an id or an identifier; sessions open them, keys don't."""

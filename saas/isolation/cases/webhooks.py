"""Webhooks: calls and pages."""

from typing import Any

from saas.isolation.cases.offers import sent
from saas.isolation.knocks import Case, Cases, Knock


def _webhook(method: str, end: str = "", body: Any = None) -> tuple[tuple[str, str], Case]:
    path = "/v1/webhooks/{webhook_id:uuid}" + end
    return (method, path), lambda ids, _: [Knock(f"/v1/webhooks/{ids.webhook}{end}", 404, body)]


WEBHOOKS: Cases = {
    **dict(
        [
            _webhook("GET"),
            _webhook("PATCH", "", {"description": "knock"}),
            _webhook("POST", "/rotate", {}),
            _webhook("POST", "/test", {}),
            _webhook("POST", "/replay", {"failed": True}),
            _webhook("GET", "/deliveries"),
        ]
    ),
    ("GET", "/v1/webhooks/deliveries/{delivery_id:uuid}"): lambda ids, _: [
        Knock(f"/v1/webhooks/deliveries/{ids.delivery}", 404)
    ],
    ("POST", "/v1/webhooks/deliveries/{delivery_id:uuid}/retry"): lambda ids, _: [
        Knock(f"/v1/webhooks/deliveries/{ids.delivery}/retry", 404, {})
    ],
    **dict([_webhook("DELETE")]),  # the others need what it takes away
}


WEBHOOK_PAGES: Cases = {
    ("GET", "/webhooks/{webhook_id:uuid}"): lambda ids, _: [Knock(f"/webhooks/{ids.webhook}", 404)],
    ("GET", "/webhooks/{webhook_id:uuid}/edit"): lambda ids, _: [Knock(f"/webhooks/{ids.webhook}/edit", 404)],
    ("POST", "/webhooks/{webhook_id:uuid}/edit"): lambda ids, _: [
        sent(f"/webhooks/{ids.webhook}/edit", 404, url="https://hooks.example.com/")
    ],
    ("POST", "/webhooks/{webhook_id:uuid}/enabled"): lambda ids, _: [
        sent(f"/webhooks/{ids.webhook}/enabled", 404, enabled="yes")
    ],
    ("GET", "/webhooks/{webhook_id:uuid}/secret"): lambda ids, _: [Knock(f"/webhooks/{ids.webhook}/secret", 404)],
    ("POST", "/webhooks/{webhook_id:uuid}/secret"): lambda ids, _: [sent(f"/webhooks/{ids.webhook}/secret", 404)],
    ("POST", "/webhooks/{webhook_id:uuid}/test"): lambda ids, _: [sent(f"/webhooks/{ids.webhook}/test", 404)],
    ("POST", "/webhooks/{webhook_id:uuid}/replay"): lambda ids, _: [sent(f"/webhooks/{ids.webhook}/replay", 404)],
    ("GET", "/webhooks/deliveries/{delivery_id:uuid}"): lambda ids, _: [
        Knock(f"/webhooks/deliveries/{ids.delivery}", 404)
    ],
    ("POST", "/webhooks/deliveries/{delivery_id:uuid}/retry"): lambda ids, _: [
        sent(f"/webhooks/deliveries/{ids.delivery}/retry", 404)
    ],
    ("GET", "/webhooks/{webhook_id:uuid}/delete"): lambda ids, _: [Knock(f"/webhooks/{ids.webhook}/delete", 404)],
    ("POST", "/webhooks/{webhook_id:uuid}/delete"): lambda ids, _: [sent(f"/webhooks/{ids.webhook}/delete", 404)],
}

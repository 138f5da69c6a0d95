"""Answers that few tests see, written down: what Stripe has a part in, and what comes in more ways than were seen."""

from typing import Any, Final

_ACCOUNT: Final = {"$ref": "#/components/schemas/Billing"}
_PLAN: Final = {
    "code": "growth",
    "revision": "2026-11",
    "names": {"zh-CN": "成长版", "en": "Growth"},
    "members": 10_000,
    "branches": 20,
    "requests_per_second": 50,
    "price": {"currency": "CNY", "monthly": 59_900, "per_thousand": 3_900},
}
_EXAMPLE: Final = {
    "status": "active",
    "plan": _PLAN,
    "trial_ends_at": "2026-11-22T09:57:43.257766Z",
    "subscription": {
        "status": "active",
        "collection_method": "charge_automatically",
        "currency": "CNY",
        "period": {"start": "2026-11-23T09:57:43Z", "end": "2026-12-23T09:57:43Z"},
        "trial_end": None,
        "ends_at": None,
        "ended_at": None,
        "payment_method": {"type": "card", "brand": "visa", "last4": "4242", "exp_year": 2031, "exp_month": 12},
        "next_plan": None,
    },
    "banner": None,
    "use": {"branches": 1},
    "under_way": False,
    "email": "owner@example.com",
    "fapiao": None,
    "offers": [_PLAN],
}
_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
_LINE: Final = {
    "type": "object",
    "required": ["description", "amount"],
    "properties": {"description": _TEXT, "amount": {"type": "integer"}},
}
_PLACE: Final = {
    "type": "object",
    "required": ["url", "expires_at"],
    "properties": {"url": {"type": ["null", "string"]}, "expires_at": {**_TIME, "type": ["null", "string"]}},
}


def _answer(schema: dict[str, Any], example: Any, request: Any = None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "answers": {"200": {"type": "application/json", "schema": schema, "example": example}},
        "refusals": [],
    }
    return told if request is None else {**told, "request": request}


_TYPE: Final = {
    "type": "object",
    "description": "A type of problem: `errors` are the texts of its errors' codes, where it has any.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_NOT_FOUND: Final = {
    "type": "/problems/not-found",
    "status": 404,
    "title": "Not found",
    "detail": "There is nothing here by that name or id.",
}

_STREAM: Final = (
    "retry: 1000\r\n\r\nid: 5e884898da280471\r\nevent: running\r\ndata: "
    '{"id":"01a207f3-4c57-77d2-94d9-331999d59eba","kind":"tiers.recalculate","state":"running","progress":0.5,'
    '"counts":{"evaluated":5000},"result":null,"error":null,"created_at":"2026-11-23T10:28:35.031181Z",'
    '"updated_at":"2026-11-23T10:28:36.046257Z"}\r\n\r\n'
)

BY_HAND: Final = {
    "GET /problems/{code}": _answer(_TYPE, _NOT_FOUND),
    "GET /v1/jobs/{job_id}/events": {
        "answers": {
            "200": {
                "type": "text/event-stream",
                "headers": ["X-Accel-Buffering"],
                "schema": {"type": "string", "description": "Server-sent events; the data of each is the job."},
                "example": _STREAM,
            },
            "204": {"type": None},
        },
        "refusals": [],
    },
    "POST /v1/billing/checkout": _answer(
        _PLACE,
        {"url": "https://checkout.stripe.com/c/pay/cs_live_a1", "expires_at": "2026-11-24T09:57:43Z"},
        {"plan": "growth", "pay": "card"},
    ),
    "POST /v1/billing/portal": _answer(
        {"type": "object", "required": ["url"], "properties": {"url": _TEXT}},
        {"url": "https://billing.stripe.com/p/session/live_a1"},
    ),
    "POST /v1/billing/change-plan": _answer(
        {
            "type": "object",
            "description": "What was done, or with `preview` what it would cost.",
            "required": ["kind", "plan", "revision", "at"],
            "properties": {
                "kind": _TEXT,
                "plan": _TEXT,
                "revision": _TEXT,
                "at": _TIME,
                "currency": _TEXT,
                "amount_due": {"type": "integer"},
                "lines": {"type": "array", "items": _LINE},
                "proration_date": {"type": "integer"},
                "branches_over": {"type": "integer"},
            },
        },
        {"kind": "now", "plan": "chain", "revision": "2026-11", "at": "2026-11-23T09:57:43Z"},
        {"plan": "chain"},
    ),
    "POST /v1/billing/cancel": _answer(_ACCOUNT, _EXAMPLE, {"now": False}),
    "POST /v1/billing/resume": _answer(_ACCOUNT, _EXAMPLE),
    "POST /v1/billing/pay": _answer(_ACCOUNT, _EXAMPLE),
}

"""`GET /v1/messages`: what was sent and what wasn't, the newest first, whichever way it is asked for."""

from typing import Any
from uuid import UUID

from support.chains import Chain
from support.till import member

from saas.scope import tenant_scope
from tenants.messages.sending import Outgoing, send_all


async def listed(chain: Chain, **query: Any) -> list[dict[str, Any]]:
    """The log from its beginning to its end, by pages of two."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await chain.http.get("/v1/messages", params={"limit": 2, **query, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        if answer.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json()["next_cursor"]}


async def test_the_log_says_who_was_told_and_why_others_were_not(chain: Chain, drain: Any) -> None:
    agreed = await member(chain, phone="13800138000", consents={"sms": True})
    silent = await member(chain, phone="13800138001")
    nameless = await member(chain)
    async with tenant_scope(chain.tenant_id):
        everybody = [
            *(Outgoing(UUID(one), "sms", "campaign:spring", "春天") for one in (agreed, silent, nameless)),
            Outgoing(UUID(agreed), "push", "campaign:spring", "春天"),
            Outgoing(UUID(silent), "sms", "campaign:due", "到期", marketing=False),
        ]
        ids = await send_all(everybody, noted=True)
        await send_all([Outgoing(UUID(silent), "sms", "campaign:unsaid", "?")])
    assert [one is None for one in ids] == [False, True, True, True, False]
    assert [(row["state"], row["purpose"]) for row in await listed(chain, state="queued")] == [
        ("queued", "campaign:due"),
        ("queued", "campaign:spring"),
    ]
    await drain(chain.tenant_id)

    whole = await listed(chain)
    assert [row["id"] for row in whole] == sorted((row["id"] for row in whole), reverse=True)
    assert {(row["member_id"], row["channel"], row["purpose"], row["state"], row["error"]) for row in whole} == {
        (agreed, "sms", "campaign:spring", "sent", None),
        (silent, "sms", "campaign:spring", "skipped", "no-consent"),
        (nameless, "sms", "campaign:spring", "skipped", "no-address"),
        (agreed, "push", "campaign:spring", "skipped", "no-way"),
        (silent, "sms", "campaign:due", "sent", None),
    }
    assert "春天" not in (await chain.http.get("/v1/messages")).text
    for query in (
        {"state": "skipped"},
        {"channel": "push"},
        {"purpose": "campaign:spring"},
        {"purpose": "campaign:spring", "state": "skipped", "channel": "sms"},
        {"member_id": silent},
        {"member_id": silent, "state": "sent", "purpose": "campaign:due"},
    ):
        assert await listed(chain, **query) == [row for row in whole if query.items() <= row.items()], query
    assert [row["state"] for row in (await chain.http.get(f"/v1/members/{silent}/messages")).json()["data"]] == [
        "sent",
        "skipped",
    ]


async def test_what_is_no_filter_is_refused(chain: Chain) -> None:
    for query, status in ({"state": "lost"}, 422), ({"channel": "fax"}, 422), ({"member_id": str(UUID(int=1))}, 404):
        assert (await chain.http.get("/v1/messages", params=query)).status_code == status

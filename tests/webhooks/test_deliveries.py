"""Events on their way: signed, tried again, written down, given up, sent once more. The receiver is a real server."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from receiver import receiving
from sending_out import endpoint, happen, log_of
from standardwebhooks import Webhook, WebhookVerificationError
from support.chains import Chain
from support.clock import owner
from support.feed import told_of

from saas import chores
from saas.clock import system_now
from saas.file_store import file_store
from saas.outgoing import posting
from saas.scope import tenant_scope
from saas.settings import get_settings
from tenants.events.emit import emit
from tenants.webhooks import carrying
from tenants.webhooks.carrying import WAITS
from tenants.webhooks.dispatching import Dispatcher, deliver_due
from tenants.webhooks.sharing import OF_AN_ENDPOINT

DAY = timedelta(days=1)


async def later(made: dict[str, Any], by: timedelta) -> None:
    """As if so much time had gone: what waits for its time waits so much less, and has failed for so much longer."""
    conn, found = await owner(), UUID(made["id"])
    await conn.execute("UPDATE webhook_delivery SET next_at = next_at - $2::interval WHERE endpoint_id = $1", found, by)
    await conn.execute(
        "UPDATE webhook_endpoint SET failing_since = failing_since - $2::interval WHERE id = $1", found, by
    )
    await conn.execute("UPDATE webhook_secret SET ends_at = ends_at - $2::interval WHERE endpoint_id = $1", found, by)


async def read(chain: Chain, path: str) -> dict[str, Any]:
    answer = await chain.http.get(f"/v1/webhooks/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, mine: Chain) -> None:
    """Nobody is waited for long."""
    settings = get_settings().model_copy(update={"webhook_timeout_seconds": 0.4})
    monkeypatch.setattr(posting, "get_settings", lambda: settings)


async def test_what_happened_before_an_endpoint_is_not_sent_to_it(clean: Chain) -> None:
    """Also where it has no position yet: positions come a moment later."""
    async with receiving() as receiver:
        async with tenant_scope(clean.tenant_id):
            await emit("member.created", {"n": 0})
        made = await endpoint(clean, receiver.url)
        await happen(clean, "tier.changed")
    assert [one.data["type"] for one in receiver.heard] == ["tier.changed"]
    assert [one["type"] for one in await log_of(clean, made)] == ["tier.changed"]


async def test_what_happens_arrives_signed(clean: Chain) -> None:
    async with receiving() as receiver:
        all_of_it = await endpoint(clean, receiver.url)
        await endpoint(clean, f"{receiver.url}/tiers", types=["tier.*"])
        await endpoint(clean, f"{receiver.url}/off", enabled=False)
        await happen(clean, "member.created", "tier.changed")
    assert sorted((one.path, one.data["type"]) for one in receiver.heard) == [
        ("/hook", "member.created"),
        ("/hook", "tier.changed"),
        ("/hook/tiers", "tier.changed"),
    ]
    first = next(one for one in receiver.heard if one.data["type"] == "member.created")
    assert Webhook(all_of_it["secret"]).verify(first.body, first.headers) == first.data
    with pytest.raises(WebhookVerificationError):
        Webhook(all_of_it["secret"]).verify(first.body.replace(b"member", b"number"), first.headers)
    assert first.id == first.data["id"]
    assert first.data.keys() == {"id", "type", "occurred_at", "position", "member_id", "data"}
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    (done,) = (one for one in await log_of(clean, all_of_it) if one["event_id"] == first.id)
    assert (done["state"], done["status"], done["error"], done["tries"]) == ("delivered", 200, None, 1)
    whole = await read(clean, f"deliveries/{done['id']}")
    assert whole["body"] == first.data
    assert [(one["status"], one["answer"]) for one in whole["attempts"]] == [(200, "ok")]


async def test_two_secrets_sign_while_the_receiver_changes_over(clean: Chain) -> None:
    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        rotated = await clean.http.post(f"/v1/webhooks/{made['id']}/rotate")
        new = rotated.json()["secret"]
        assert rotated.json()["old_secret_until"] is not None
        await happen(clean, "member.created")
        await later(made, DAY)
        await happen(clean, "member.created")
        at_once = (await clean.http.post(f"/v1/webhooks/{made['id']}/rotate", json={"overlap_hours": 0})).json()
        await happen(clean, "member.created")
    both, one, none = receiver.heard
    for secret in (made["secret"], new):
        Webhook(secret).verify(both.body, both.headers)
    Webhook(new).verify(one.body, one.headers)
    Webhook(at_once["secret"]).verify(none.body, none.headers)
    for secret, heard in ((made["secret"], one), (new, none)):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(heard.body, heard.headers)
    assert at_once["old_secret_until"] is None


async def test_five_secrets_sign_at_most(clean: Chain) -> None:
    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        path = f"/v1/webhooks/{made['id']}/rotate"
        secrets = [made["secret"], *[(await clean.http.post(path)).json()["secret"] for _ in range(6)]]
        await happen(clean, "member.created")
    (heard,) = receiver.heard
    assert len(heard.headers["webhook-signature"].split()) == 5
    for secret in secrets[2:]:
        Webhook(secret).verify(heard.body, heard.headers)
    for secret in secrets[:2]:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(heard.body, heard.headers)


async def test_what_goes_wrong_on_our_side_uses_up_a_try_and_is_no_fault_of_theirs(
    clean: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("a fault of ours")

    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        with monkeypatch.context() as patched:
            patched.setattr(carrying, "post", broken)
            await happen(clean, "member.created")
        (ours,) = await log_of(clean, made)
        assert (ours["state"], ours["error"], ours["tries"]) == ("waiting", "internal", 1)
        assert (await read(clean, made["id"]))["failing_since"] is None
        await later(made, timedelta(seconds=6))
        await deliver_due()
    assert [one["state"] for one in await log_of(clean, made)] == ["delivered"]


async def test_who_fails_and_comes_back_has_lost_nothing(clean: Chain) -> None:
    async with receiving(answers=[500, 503], said="不\0好".encode() * 3000) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
        (first,) = await log_of(clean, made)
        assert (first["state"], first["status"], first["error"], first["tries"]) == ("waiting", 500, "refused", 1)
        assert (await read(clean, made["id"]))["failing_since"] is not None
        await deliver_due()
        assert len(receiver.heard) == 1  # not before its time
        await later(made, timedelta(seconds=6))
        await deliver_due()
        await later(made, timedelta(minutes=4))
        await deliver_due()
        assert len(receiver.heard) == 2
        await later(made, timedelta(minutes=2))
        await deliver_due()
    (done,) = await log_of(clean, made)
    assert (done["state"], done["tries"], done["next_at"]) == ("delivered", 3, None)
    assert len(set(receiver.ids)) == 1
    assert len({one.headers["webhook-signature"] for one in receiver.heard}) >= 1
    found = await read(clean, made["id"])
    assert (found["failing_since"], found["waiting"], found["failed"]) == (None, 0, 0)
    attempts = (await read(clean, f"deliveries/{done['id']}"))["attempts"]
    assert [one["status"] for one in attempts] == [500, 503, 200]
    assert len(attempts[0]["answer"]) <= 1024
    assert attempts[0]["answer"].startswith("不\ufffd好")


async def test_a_redirect_is_no_way_and_another_protocol_no_answer(clean: Chain) -> None:
    async with receiving(answer=302, headers="Location: http://127.0.0.1:1/other\r\n") as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
    (moved,) = await log_of(clean, made)
    assert (moved["state"], moved["status"], moved["error"]) == ("waiting", 302, "redirected")
    await later(made, timedelta(seconds=6))
    await deliver_due()
    (away,) = await log_of(clean, made)
    assert (away["status"], away["error"], away["tries"]) == (None, "no-connection", 2)


async def test_an_address_of_ours_is_refused_at_every_try(clean: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was written down while the operator allowed it, or its name leads inside by now."""
    settings = get_settings().model_copy(update={"webhook_private_targets": False})
    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        monkeypatch.setattr(posting, "get_settings", lambda: settings)
        await happen(clean, "member.created")
    (refused,) = await log_of(clean, made)
    assert (refused["state"], refused["error"], receiver.heard) == ("waiting", "address-refused", [])


@pytest.mark.usefixtures("quick")
async def test_who_hangs_is_not_waited_for(clean: Chain) -> None:
    release = asyncio.Event()

    async def hang() -> int:
        await release.wait()
        return 200

    async with receiving(answer=hang) as slow:
        made = await endpoint(clean, slow.url)
        await happen(clean, "member.created", deliver=False)
        dispatcher = Dispatcher()
        await dispatcher.lease()
        await dispatcher.settle()
        release.set()
    assert [(one["error"], one["tries"]) for one in await log_of(clean, made)] == [("time-out", 1)]


async def test_who_hangs_holds_up_nobody_else(clean: Chain, new_chain: Callable[..., Awaitable[Chain]]) -> None:
    """With more for it than it may have in the air: the chain's other endpoint and another chain have theirs."""
    neighbour, release = await new_chain(), asyncio.Event()

    async def hang() -> int:
        await release.wait()
        return 200

    async with receiving(answer=hang) as slow, receiving() as fine, receiving() as next_door:
        hanging = await endpoint(clean, slow.url)
        await endpoint(clean, fine.url)
        await endpoint(neighbour, next_door.url)
        await happen(clean, *["member.created"] * 12, deliver=False)
        await happen(neighbour, "member.created", deliver=False)
        dispatcher = Dispatcher()
        await dispatcher.lease()
        async with asyncio.timeout(20):
            while len(fine.heard) < 12 or not next_door.heard:
                await dispatcher.lease()
                await asyncio.sleep(0.01)
        in_the_air = len(slow.heard)
        assert {one["state"] for one in await log_of(clean, hanging)} == {"waiting"}
        release.set()
        await dispatcher.settle()
    assert 0 < in_the_air <= OF_AN_ENDPOINT


async def test_one_that_fails_gets_one_at_a_time(clean: Chain) -> None:
    async with receiving(answer=500) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
        await happen(clean, *["member.created"] * 3, deliver=False)
        dispatcher = Dispatcher()
        assert (await dispatcher.lease())[0] == 1
        assert (await dispatcher.lease())[0] == 0
        await dispatcher.settle()
        assert (await dispatcher.lease())[0] == 1
        await dispatcher.settle()
    assert (len(receiver.heard), (await read(clean, made["id"]))["waiting"]) == (3, 4)


async def test_what_was_in_the_air_when_its_worker_died_goes_again(clean: Chain) -> None:
    """Killed anywhere: nothing is written down, and once the lease has ended another one sends it."""
    release = asyncio.Event()

    async def hang() -> int:
        await release.wait()
        return 200

    async with receiving(answers=[hang, hang]) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created", "tier.changed", deliver=False)
        dying = Dispatcher()
        assert (await dying.lease())[0] == 2
        async with asyncio.timeout(20):
            while len(receiver.heard) < 2:
                await asyncio.sleep(0.01)
        for task in list(dying._tasks):
            task.cancel()
        await asyncio.gather(*dying._tasks, return_exceptions=True)
        release.set()
        await deliver_due()
        assert len(receiver.heard) == 2  # leased
        await later(made, timedelta(seconds=61))
        await deliver_due()
    log = await log_of(clean, made)
    assert [(one["state"], one["tries"]) for one in log] == [("delivered", 1), ("delivered", 1)]
    assert sorted(receiver.ids) == sorted([*{one["event_id"] for one in log}] * 2)


async def test_two_dispatchers_share_what_is_due(clean: Chain) -> None:
    async with receiving() as receiver:
        await endpoint(clean, receiver.url)
        await happen(clean, *["member.created"] * 10, deliver=False)
        await asyncio.gather(*(deliver_due() for _ in range(3)))
    assert len(receiver.ids) == len(set(receiver.ids)) == 10


async def test_after_ten_tries_over_three_days_it_has_failed(clean: Chain) -> None:
    """One event among others that arrive: the endpoint stays on."""
    assert timedelta(days=3) < sum(WAITS, timedelta()) < timedelta(days=3, hours=4)
    async with receiving(answer=500) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
        for wait in WAITS:
            receiver.answers = [200]  # another event's: what arrives ends a count of failures
            await happen(clean, "tier.changed")
            await later(made, wait * 1.11)
            await deliver_due()
    (failed,) = await log_of(clean, made, "?state=failed")
    assert (failed["type"], failed["tries"], failed["status"]) == ("member.created", 10, 500)
    found = await read(clean, made["id"])
    assert (found["state"], found["failed"], found["waiting"]) == ("on", 1, 0)


async def letters(chain: Chain, drain: Any) -> list[str]:
    await drain(chain.tenant_id)
    return [path.read_text() for path in sorted((file_store().root / str(chain.tenant_id) / "mail").glob("*.json"))]


async def test_after_three_days_of_nothing_but_failures_it_is_turned_off_and_the_owners_know(
    clean: Chain, drain: Any
) -> None:
    before = len(await letters(clean, drain))
    async with receiving(answer=500) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
        await later(made, 2 * DAY)
        await deliver_due()
        assert (await read(clean, made["id"]))["state"] == "on"
        await later(made, DAY)
        await deliver_due()
        found = await read(clean, made["id"])
        assert (found["state"], found["enabled"], found["waiting"]) == ("failing", False, 1)
        (letter,) = (await letters(clean, drain))[before:]
        assert clean.email in letter
        assert f"/webhooks/{made['id']}" in letter
        assert receiver.url in letter
        (told,) = await told_of(clean.tenant_id, "webhook.disabled")
        assert '"failing"' in told["data"]
        acts = (await clean.http.get("/v1/audit-log")).json()["data"]
        assert (acts[0]["action"], acts[0]["actor"]) == ("webhook.disable", "system")
        heard = len(receiver.heard)
        await happen(clean, "tier.changed")
        await later(made, DAY)
        await deliver_due()
        assert len(receiver.heard) == heard  # nothing is sent there, nor kept for it
        receiver.answer = 200
        assert (await clean.http.patch(f"/v1/webhooks/{made['id']}", json={"enabled": True})).json()["state"] == "on"
        await deliver_due()
    assert [one["state"] for one in await log_of(clean, made)] == ["delivered"]


async def test_who_says_that_it_is_gone_is_asked_no_more(clean: Chain, drain: Any) -> None:
    before = len(await letters(clean, drain))
    async with receiving(answer=410) as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created", "member.created")
    assert (await read(clean, made["id"]))["state"] == "gone"
    assert {one["state"] for one in await log_of(clean, made)} <= {"failed", "waiting"}
    assert len(await letters(clean, drain)) == before + 1  # however many were in the air


async def test_what_an_address_has_for_its_own_server_is_told_to_no_other(clean: Chain, drain: Any) -> None:
    """Other endpoints, and who reads the feed, hear which one was turned off, and not what opens it."""
    async with receiving(answer=410) as receiver:
        made = await endpoint(clean, f"{receiver.url}?key=of-its-own")
        await happen(clean, "member.created")
    (told,) = [
        one["data"]
        for one in await told_of(clean.tenant_id, "webhook.disabled")
        if json.loads(one["data"])["webhook_id"] == made["id"]
    ]
    assert json.loads(told)["url"] == receiver.url


async def test_an_owner_who_has_left_is_told_nothing(clean: Chain, drain: Any) -> None:
    before, conn = len(await letters(clean, drain)), await owner()
    await conn.execute(
        "INSERT INTO staff (tenant_id, id, name, email, role, left_at)"
        " VALUES ($1, uuidv7(), 'Once', 'once@example.com', 'owner', clock_timestamp())",
        clean.tenant_id,
    )
    async with receiving(answer=410) as receiver:
        await endpoint(clean, receiver.url)
        await happen(clean, "member.created")
    (letter,) = (await letters(clean, drain))[before:]
    assert clean.email in letter
    assert "once@example.com" not in letter


@pytest.mark.parametrize("status", [410, 500])
async def test_what_the_address_before_answers_says_nothing_of_the_next_one(clean: Chain, status: int) -> None:
    """It was asked before the endpoint moved, and answers behind that."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def late() -> int:
        asked.set()
        await release.wait()
        return status

    async with receiving(answer=late) as before, receiving() as new:
        made = await endpoint(clean, before.url, types=["member.created"])
        await happen(clean, "member.created", deliver=False)
        dispatcher = Dispatcher()
        await dispatcher.lease()
        async with asyncio.timeout(60):
            await asked.wait()
        moved = await clean.http.patch(f"/v1/webhooks/{made['id']}", json={"url": new.url})
        assert moved.status_code == 200
        release.set()
        await dispatcher.settle()
        found = await read(clean, made["id"])
        assert (found["state"], found["failing_since"]) == ("on", None)
        await later(made, timedelta(minutes=1))
        await deliver_due()
        assert len(new.heard) == 1
    assert [one["state"] for one in await log_of(clean, made)] == ["delivered"]


async def test_a_test_is_sent_and_says_so(clean: Chain) -> None:
    async with receiving(answers=[500]) as receiver:
        made = await endpoint(clean, receiver.url, types=["tier.changed"])
        sent = await clean.http.post(f"/v1/webhooks/{made['id']}/test", json={})
        assert (sent.status_code, sent.json()["type"], sent.json()["test"]) == (202, "tier.changed", True)
        await deliver_due()
        again = await clean.http.post(f"/v1/webhooks/deliveries/{sent.json()['id']}/retry")
        assert (again.status_code, again.json()["state"], again.json()["tries"]) == (202, "waiting", 0)
        await deliver_due()
        assert (await read(clean, f"deliveries/{sent.json()['id']}"))["state"] == "delivered"
        other = await clean.http.post(f"/v1/webhooks/{made['id']}/test", json={"type": "member.created"})
        assert other.json()["type"] == "member.created"
        await clean.http.patch(f"/v1/webhooks/{made['id']}", json={"enabled": False})
        for path in (f"{made['id']}/test", f"deliveries/{sent.json()['id']}/retry", f"{made['id']}/replay"):
            off = await clean.http.post(f"/v1/webhooks/{path}", json={"failed": True} if "replay" in path else {})
            assert (off.status_code, off.json()["type"]) == (409, "/problems/webhook-off"), path
    first = receiver.heard[0]
    Webhook(made["secret"]).verify(first.body, first.headers)
    assert first.data["test"] is True
    assert receiver.ids[0] == receiver.ids[1]


async def replayed(chain: Chain, made: dict[str, Any], drain: Any, **body: Any) -> int:
    begun = await chain.http.post(f"/v1/webhooks/{made['id']}/replay", json=body)
    assert begun.status_code == 202, begun.text
    await drain(chain.tenant_id)
    await deliver_due()
    done = (await chain.http.get(f"/v1/jobs/{begun.json()['job_id']}")).json()
    assert (done["state"], done["progress"]) == ("done", 1)
    count: int = done["result"]["deliveries"]
    return count


async def test_what_it_missed_is_sent_again(clean: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches of two: what failed and what waits; then all of a time, also what happened before there was an
    endpoint and what it has had, each under its old id.
    """
    monkeypatch.setattr("tenants.webhooks.replay.BATCH", 2)
    since = system_now()
    await happen(clean, "member.created", "tier.changed")
    async with receiving(answer=500) as receiver:
        made = await endpoint(clean, receiver.url, types=["member.created"])
        await happen(clean, *["member.created"] * 5)
        conn = await owner()
        await conn.execute(
            "UPDATE webhook_delivery SET state = 'failed', ended_at = clock_timestamp() WHERE id IN (SELECT id FROM"
            " webhook_delivery WHERE endpoint_id = $1::text::uuid AND tries > 0 LIMIT 1)",
            made["id"],
        )
        receiver.answer, receiver.heard = 200, []
        assert await replayed(clean, made, drain, failed=True) >= 1
        assert {one["state"] for one in await log_of(clean, made)} == {"delivered"}
        had = {one["event_id"] for one in await log_of(clean, made)}
        receiver.heard = []
        assert await replayed(clean, made, drain, **{"from": since.isoformat()}) == 6
        assert len(receiver.ids) == 6
        assert had < set(receiver.ids)
        assert (
            await replayed(
                clean, made, drain, **{"from": (since - 2 * DAY).isoformat(), "to": (since - DAY).isoformat()}
            )
            == 0
        )
        assert await replayed(clean, made, drain, failed=True) == 0


async def test_a_replay_ends_with_its_endpoint(clean: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turned off between two batches: what is left isn't written down for an address that nobody sends to."""
    monkeypatch.setattr("tenants.webhooks.replay.BATCH", 2)
    since = system_now()
    await happen(clean, *["member.created"] * 5)
    made = await endpoint(clean, "https://hooks.example.com/")
    path = f"/v1/webhooks/{made['id']}"
    begun = (await clean.http.post(f"{path}/replay", json={"from": since.isoformat()})).json()["job_id"]
    await clean.http.patch(path, json={"enabled": False})
    await drain(clean.tenant_id)
    job = (await clean.http.get(f"/v1/jobs/{begun}")).json()
    assert (job["state"], job["error"]) == ("failed", {"code": "webhook-off"})
    assert await log_of(clean, made) == []


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/from", "required"),
        ({"to": "2026-01-01T00:00:00Z"}, "/from", "required"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "/to", "ends-before-it-begins"),
        ({"from": "yesterday"}, "/from", "invalid-datetime"),
        ({"failed": True, "webhook": "x"}, "/webhook", "unknown-field"),
    ],
)
async def test_a_replay_says_what_of(clean: Chain, body: dict[str, Any], pointer: str, code: str) -> None:
    made = await endpoint(clean, "https://hooks.example.com/")
    answer = await clean.http.post(f"/v1/webhooks/{made['id']}/replay", json=body)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_the_log_is_filtered_and_paged(clean: Chain) -> None:
    async with receiving(answers=[200, 500]) as receiver:
        made = await endpoint(clean, receiver.url)
        for kind in ("member.created", "tier.changed", "member.created"):
            await happen(clean, kind, deliver=False)
        await deliver_due()
    newest = await log_of(clean, made)
    assert [one["type"] for one in newest] == ["member.created", "tier.changed", "member.created"]
    assert [one["type"] for one in await log_of(clean, made, "?type=tier.changed")] == ["tier.changed"]
    states = sorted(one["state"] for one in newest)
    for state in ("delivered", "waiting", "failed"):
        assert len(await log_of(clean, made, f"?state={state}")) == states.count(state)
    first = (await clean.http.get("/v1/webhooks/deliveries?limit=2")).json()
    rest = (await clean.http.get(f"/v1/webhooks/deliveries?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["id"] for one in (first["data"] + rest["data"])][:3] == [one["id"] for one in newest]
    for wrong in ("?state=lost", "?limit=0", "?webhook=1"):
        assert (await clean.http.get(f"/v1/webhooks/deliveries{wrong}")).status_code == 422


async def test_a_closed_chain_sends_nothing_until_it_trades_again(new_chain: Callable[..., Awaitable[Chain]]) -> None:
    chain, conn = await new_chain(), await owner()
    async with receiving() as receiver:
        await endpoint(chain, receiver.url)
        await happen(chain, "member.created", deliver=False)
        status = "UPDATE tenant SET status = $2 WHERE tenant_id = $1"
        await conn.execute(status, chain.tenant_id, "suspended")
        await deliver_due()
        assert receiver.heard == []
        await conn.execute(status, chain.tenant_id, "active")
        await deliver_due()
        assert len(receiver.heard) == 1


async def test_a_secret_that_cannot_be_opened_is_said_and_sends_nothing_unsigned(clean: Chain) -> None:
    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        other = await endpoint(clean, f"{receiver.url}/2", enabled=False)
        await (await owner()).execute(
            "UPDATE webhook_secret s SET sealed = o.sealed FROM webhook_secret o WHERE s.endpoint_id = $1::text::uuid"
            " AND o.endpoint_id = $2::text::uuid",
            made["id"],
            other["id"],
        )
        await happen(clean, "member.created")
    (unreadable,) = await log_of(clean, made)
    assert (unreadable["state"], unreadable["error"], receiver.heard) == ("waiting", "unreadable", [])


async def test_the_log_ends_with_the_feed(clean: Chain) -> None:
    async with receiving() as receiver:
        made = await endpoint(clean, receiver.url)
        await happen(clean, "member.created", "member.created")
    conn = await owner()
    old = "UPDATE webhook_delivery SET created_at = created_at - $2::interval WHERE id = $1::text::uuid"
    await conn.execute(old, (await log_of(clean, made))[0]["id"], chores.KEEP_FEED + timedelta(minutes=1))
    await chores.sweep()
    assert len(await log_of(clean, made)) == 1


async def test_the_log_is_read_by_index(clean: Chain) -> None:
    """As `app`, under row security, whichever filter."""
    from saas.scope import connection, tenant_scope
    from tenants.webhooks.delivery import log_statement

    made = await endpoint(clean, "https://hooks.example.com/")
    conn = await owner()
    await conn.execute(
        "INSERT INTO webhook_delivery (tenant_id, id, endpoint_id, event_id, type, state, ended_at)"
        " SELECT $1, uuidv7(), $2::text::uuid, uuidv7(),"
        " CASE WHEN n % 1000 = 0 THEN 'tier.changed' ELSE 'member.created' END,"
        " CASE WHEN n % 500 = 0 THEN 'failed' ELSE 'delivered' END, clock_timestamp() FROM generate_series(1, 20000) n",
        clean.tenant_id,
        made["id"],
    )
    await conn.execute("ANALYZE webhook_delivery")
    for narrowed in ({}, {"state": "failed"}, {"kind": "tier.changed"}):
        sql, values = log_statement(clean.tenant_id, UUID(made["id"]), None, 51, **narrowed)
        async with tenant_scope(clean.tenant_id):
            plan = "\n".join(row[0] for row in await connection().fetch(f"EXPLAIN (ANALYZE) {sql}", *values))
        assert "Seq Scan on webhook_delivery" not in plan, plan
        removed = [int(n) for n in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
        assert sum(removed) < 200, plan

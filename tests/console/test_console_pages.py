"""What operators see and do in the console, and that each act is on record."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from console.browser import Desk
from support.chains import Chain
from support.clock import owner
from support.payer import payer

from saas.billing.checkout import subscribe_by_invoice
from saas.billing.reconcile import reconcile
from saas.console.looking import chains, installation, plain


async def recorded(desk: Desk) -> list[tuple[str, Any, dict[str, Any]]]:
    sql = (
        "SELECT a.act, a.chain, a.details FROM platform.operator_act a JOIN platform.operator o ON o.id = a.operator_id"
        " WHERE o.email = $1 AND a.act NOT LIKE 'log-%' ORDER BY a.id"
    )
    rows = await (await owner()).fetch(sql, desk.email)
    return [(row["act"], row["chain"], json.loads(row["details"])) for row in rows]


async def dead_letter(chain: Chain, name: str, payload: dict[str, Any]) -> str:
    sql = (
        "INSERT INTO outbox (tenant_id, name, payload, next_at, attempts, last_error, dead_at)"
        " VALUES ($1, $2, $3, now(), 8, 'OSError: nobody answered', now()) RETURNING id"
    )
    return str(await (await owner()).fetchval(sql, chain.tenant_id, name, json.dumps(payload)))


async def test_a_chain_is_found_looked_at_suspended_and_let_go_on(desk: Desk, chain: Chain) -> None:
    path = f"/operator/chains/{chain.tenant_id}"
    assert path in await desk.page(f"/operator/chains?q={chain.tenant_id}")
    assert path in await desk.page(f"/operator/chains?q={chain.email[:12].upper()}&state=trialing")
    assert path not in await desk.page(f"/operator/chains?q={chain.tenant_id}&state=active")
    assert "growth" not in await desk.page(path)
    lacking = await desk.send(path, act="suspend", reason="  ")
    assert lacking.status_code == 422
    assert 'id="about-reason"' in lacking.text
    answer = await desk.send(path, act="suspend", reason="付款争议 <b>")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    told = (await chain.http.get("/v1/tenant")).json()
    assert told["status"] == "suspended"
    log = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert desk.email in str([one for one in log if one["action"] == "tenant.suspend"])
    shown = await desk.page(path)
    assert "付款争议 &lt;b&gt;" in shown
    assert 'value="resume"' in shown
    await desk.send(path, act="resume", reason="已解决")
    assert (await chain.http.get("/v1/tenant")).json()["status"] == "trialing"
    made = await recorded(desk)
    assert [(act, details) for act, _, details in made if act != "look"] == [
        ("suspend", {"reason": "付款争议 <b>"}),
        ("resume", {"reason": "已解决"}),
    ]
    assert ("look", chain.tenant_id, {}) in made
    assert {whom for _, whom, _ in made} == {chain.tenant_id}


async def test_money_by_transfer_is_marked(desk: Desk, new_chain: Any, drain: Any, billing_on: Any) -> None:
    paying = await payer(new_chain, drain, billing_on)
    await paying.gives_an_address()
    await subscribe_by_invoice(paying.who, "growth", key="k")
    await paying.works()
    await paying.moves_to(datetime.now(UTC) + timedelta(hours=2))  # Stripe finalizes it an hour later
    assert [one async for one in reconcile(paying.chain.tenant_id)]
    path = f"/operator/chains/{paying.chain.tenant_id}"
    (invoice,) = [one for one in paying.invoices(await paying.customer()) if one["status"] == "open"]
    assert "¥599.00" in await desk.page(path)
    owed = (await installation()).owed
    assert "CNY" in {currency for currency, _, _ in owed}
    unknown = await desk.send(path, act="mark-paid", invoice="in_nothing")
    assert unknown.status_code == 404
    assert 'role="alert"' in unknown.text
    assert (await desk.send(path, act="mark-paid", invoice=invoice["id"])).status_code == 303
    assert 'value="mark-paid"' not in await desk.page(path)
    acts = [(act, details) for act, _, details in await recorded(desk) if act == "mark-paid"]
    assert acts == [("mark-paid", {"invoice": "in_nothing"}), ("mark-paid", {"invoice": invoice["id"]})]


async def test_dead_letters_are_sent_again_or_dropped(desk: Desk, chain: Chain, drain: Any) -> None:
    secret = "https://example.com/reset/abc?token=s3cret"
    kept, dropped, again = [await dead_letter(chain, f"no.such.{n}", {"text": secret, "n": n}) for n in range(3)]
    page = await desk.page("/operator/jobs?name=no.such.0")
    assert kept in page
    assert dropped not in page
    assert "s3cret" not in page
    assert "nobody answered" in page
    assert (await desk.send("/operator/jobs", act="drop", id=dropped)).status_code == 303
    assert (
        (await desk.send("/operator/jobs", act="retry", id=again, back="no.such.2"))
        .headers["location"]
        .endswith("?name=no.such.2")
    )
    left = {
        str(row["id"]): row["dead_at"]
        for row in await (await owner()).fetch(
            "SELECT id, dead_at FROM outbox WHERE tenant_id = $1 AND name LIKE 'no.such.%'", chain.tenant_id
        )
    }
    assert left.keys() == {kept, again}
    assert left[again] is None
    assert left[kept] is not None
    assert (await desk.send("/operator/jobs", act="retry", name="no.such.0")).status_code == 303
    acts = [(act, whom, details["id"]) for act, whom, details in await recorded(desk)]
    assert acts == [
        ("jobs-drop", chain.tenant_id, dropped),
        ("jobs-retry", None, again),
        ("jobs-retry", None, None),
    ]
    await (await owner()).execute("DELETE FROM outbox WHERE name LIKE 'no.such.%'")


async def test_nonsense_changes_nothing(desk: Desk, chain: Chain) -> None:
    path, nobody = f"/operator/chains/{chain.tenant_id}", "/operator/chains/00000000-0000-7000-8000-000000000000"
    assert (await desk.http.get(nobody)).status_code == 404
    assert (await desk.send(nobody, act="suspend", reason="r")).status_code == 404
    assert (await desk.send(path, act="erase")).status_code == 400
    assert (await desk.send("/operator/jobs", act="retry")).status_code == 400
    assert (await desk.send("/operator/jobs", act="drop", name="all")).status_code == 400
    assert (await desk.send("/operator/jobs", act="drop", id="; DROP TABLE")).status_code == 400
    assert (await desk.http.get("/operator/chains?cursor=nonsense")).status_code == 422
    assert (await desk.http.get("/operator/acts?before=nonsense")).status_code == 200
    assert (await desk.http.get("/operator/chains?state=%27&q=%25%27")).status_code == 200
    assert await recorded(desk) == []


async def test_the_list_goes_on_where_a_page_ends(desk: Desk, new_chain: Any) -> None:
    for _ in range(3):
        await new_chain()
    everybody = await chains(None, None, None, 10_000)
    seen, after = [], None
    while page := await chains(None, None, after, 7):
        seen += page
        after = (page[-1].created_at, page[-1].tenant_id)
    assert seen == everybody
    counted = await installation()
    assert counted.chains == len(everybody)
    assert counted.joined_in_a_month >= 3


def test_of_a_payload_only_what_is_plain_is_shown() -> None:
    given = {
        "member_id": "01a20713-3cfa-754c-b348-70d4711c1f48",
        "to": "a@b.cn",
        "n": 3,
        "ids": [1, 2],
        "code": "123456",
    }
    assert plain(given) == "member_id: 01a20713-3cfa-754c-b348-70d4711c1f48, to: …, n: 3, ids: [2], code: …"
    assert plain({"at": "2026-11-23T05:00:00+08:00", "kind": "top_up", "x": None, "t": "Qx9fK2"}) == (
        "at: 2026-11-23T05:00:00+08:00, kind: top_up, x: None, t: …"
    )

"""Lists follow their rules at once: a new rule, a changed one, new rules of the programme; and the list as a table."""

import csv
import io
from typing import Any

import pytest
from programme.card_chains import OLD, holders, ladder, published, through
from rounds import NAMES, did, listed, nights, only, opened, rule
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows

DAILY = {"type": "days", "days": 1}


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await opened(chain)
    return chain


async def of_members(chain: Chain) -> list[str]:
    return sorted(task["member"]["id"] for task in await listed(chain))


async def test_a_new_rule_has_its_list_at_once_and_its_night_adds_nothing(shop: Chain, drain: Any) -> None:
    one = await member(shop)
    await rule(shop, at_once=True)
    await through(shop, drain)
    task = await only(shop)
    assert (task["member"]["id"], task["made_on"], task["due_on"]) == (one, "2031-03-10", "2031-03-16")
    await nights(shop, drain, "2031-03-11 09:00")
    assert (await only(shop))["id"] == task["id"]


async def test_a_changed_rhythm_lists_who_is_due_by_it(shop: Chain, drain: Any) -> None:
    await member(shop)
    made = await rule(shop, at_once=True)
    await through(shop, drain)
    await did(shop, await only(shop))
    await nights(shop, drain, "2031-03-12 09:00")
    assert await listed(shop) == []
    renamed = await shop.http.patch(f"/v1/tasks/rules/{made}", json={"names": NAMES})
    assert renamed.status_code == 200
    await through(shop, drain)
    assert await listed(shop) == []
    changed = await shop.http.patch(f"/v1/tasks/rules/{made}", json={"every": DAILY})
    assert changed.status_code == 200
    await through(shop, drain)
    assert (await only(shop))["made_on"] == "2031-03-12"


async def test_who_comes_into_a_tier_by_new_rules_is_listed_once_they_have_decided(shop: Chain, drain: Any) -> None:
    await published(shop, OLD, transition="grandfather")
    await through(shop, drain)
    low, silver, gold = await holders(shop, 600, 1_500, 6_000)
    await rule(shop, ladder="card", tiers=["silver"], at_once=True)
    await through(shop, drain)
    assert await of_members(shop) == [silver]
    cheaper = ladder(("base", None), ("silver", 500), ("gold", 1_200))
    await published(shop, cheaper, transition="now")
    await through(shop, drain)
    assert await of_members(shop) == [low]
    assert gold not in await of_members(shop)


async def test_nobody_waits_for_a_run_that_has_died(shop: Chain, drain: Any) -> None:
    """Its batch is a dead letter, and even ending it has failed: lists go by what is decided."""
    await published(shop, OLD, transition="grandfather")
    await through(shop, drain)
    (low,) = await holders(shop, 600)
    await rule(shop, ladder="card", tiers=["silver"])
    await published(shop, ladder(("base", None), ("silver", 500), ("gold", 1_200)), transition="now")
    died = "UPDATE outbox SET dead_at = now(), attempts = 8 WHERE tenant_id = $1 AND name = 'recalculation.batch'"
    assert await (await owner()).execute(died, shop.tenant_id) == "UPDATE 1"
    await bought(shop, "more", 1, member_id=low)
    await through(shop, drain)
    assert await of_members(shop) == [low]
    await nights(shop, drain, "2031-03-12 09:00")
    assert [row["name"] for row in await rows(shop, "outbox") if row["dead_at"] is None] == []
    assert (await only(shop))["made_on"] == "2031-03-10"


async def test_a_base_tier_that_is_renamed_keeps_its_rule(shop: Chain, drain: Any) -> None:
    await published(shop, OLD, transition="grandfather")
    await through(shop, drain)
    one, _ = await holders(shop, 100, 1_500)
    made = await rule(shop, ladder="card", tiers=["base"], at_once=True)
    await through(shop, drain)
    task = await only(shop)
    assert task["member"]["id"] == one
    await published(shop, ladder(("start", None), ("silver", 1_000), ("gold", 5_000)), transition="grandfather")
    await through(shop, drain)
    assert (await shop.http.get(f"/v1/tasks/rules/{made}")).json()["tiers"] == ["start"]
    assert ((await only(shop))["id"], (await only(shop))["tier"]["code"]) == (task["id"], "start")
    await nights(shop, drain, "2031-03-12 09:00")
    assert (await only(shop))["id"] == task["id"]


# --- as a table ---------------------------------------------------------------------------------------------


async def table(chain: Chain, query: str = "", **headers: str) -> list[dict[str, str]]:
    answer = await chain.http.get(f"/v1/tasks.csv?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_the_list_as_a_table(shop: Chain, drain: Any) -> None:
    one = await member(shop, name="=HYPERLINK(1)", phone="13812345678", branch_id=shop.branch_id, card_no="C-1")
    other = await member(shop, name='林"秀,', branch_id=None)
    made = await rule(shop, at_once=True)
    await through(shop, drain)
    codes = {b["id"]: b["code"] for b in (await shop.http.get("/v1/branches")).json()["data"]}
    by_id = {row["member_id"]: row for row in await table(shop)}
    assert by_id.keys() == {one, other}
    assert by_id[one] == {
        "task_id": by_id[one]["task_id"],
        "rule": "call",
        "rule_name": "Call",
        "state": "open",
        "due_on": "2031-03-16",
        "late": "false",
        "branch": codes[shop.branch_id],
        "member_id": one,
        "name": "'=HYPERLINK(1)",
        "phone": by_id[one]["phone"],
        "card_no": "C-1",
        "tier": "Regular",
        "value": "0",
        "last_purchase_on": "",
        "days_since_purchase": "",
        "visited": "false",
        "outcome": "",
        "last_note": "",
    }
    assert by_id[one]["phone"].endswith("13812345678")
    assert (by_id[other]["name"], by_id[other]["branch"]) == ('林"秀,', "")
    assert [row["member_id"] for row in await table(shop, "branch_id=none")] == [other]
    assert [row["rule_name"] for row in await table(shop, f"rule={made}&branch_id={shop.branch_id}")] == ["Call"]
    (chinese, _) = await table(shop, **{"Accept-Language": "zh-CN"})
    assert chinese["rule_name"] == "回访"
    exports = [row for row in await rows(shop, "audit") if row["action"] == "tasks.export"]
    assert len(exports) == 4


async def test_a_long_list_is_told_whole_in_its_order(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.tasks import listing_csv

    monkeypatch.setattr(listing_csv, "_PAGE", 2)
    for n in range(5):
        await member(shop, name=f"m{n}")
    await rule(shop, at_once=True)
    await through(shop, drain)
    expected = [task["id"] for task in await listed(shop)]
    assert [row["task_id"] for row in await table(shop)] == expected
    for task in (await listed(shop))[:3]:
        await did(shop, task)
    done = [task["id"] for task in await listed(shop, "state=done")]
    assert [row["task_id"] for row in await table(shop, "state=done")] == done


async def test_a_table_is_as_far_to_see_as_the_list(shop: Chain, drain: Any) -> None:
    mine = await member(shop, branch_id=shop.branch_id)
    await member(shop, branch_id=None)
    await rule(shop, at_once=True)
    await through(shop, drain)
    body = {"name": "till", "scopes": ["members:read"], "branch_ids": [shop.branch_id]}
    key = (await shop.http.post("/v1/api-keys", json=body)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert [row["member_id"] for row in await table(shop, **headers)] == [mine]
    assert (await shop.http.get("/v1/tasks.csv?branch_id=none", headers=headers)).status_code == 403
    assert (await shop.http.get("/v1/tasks.csv?limit=5")).status_code == 422
    assert (await shop.http.get("/v1/tasks.csv?rule=nothing")).status_code == 404


async def test_a_table_with_phones_is_for_who_may_read_members(shop: Chain) -> None:
    scopes = ["members:write", "purchases:write", "programme:write", "reports:read"]
    key = (await shop.http.post("/v1/api-keys", json={"name": "till", "scopes": scopes})).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert (await shop.http.get("/v1/tasks.csv", headers=headers)).status_code == 403
    assert (await shop.http.get("/v1/tasks.csv", headers={"Authorization": "Bearer x"})).status_code == 401

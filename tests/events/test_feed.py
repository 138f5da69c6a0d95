"""The feed over HTTP: read by position, filtered, told when something is gone; nobody else's, and not for everybody."""

from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner

from saas.scope import tenant_scope
from tenants.events import reading
from tenants.events.emit import emit
from tenants.events.numbering import number_all
from tenants.events.types import TYPES


async def tell(chain: Chain, *types: str) -> None:
    async with tenant_scope(chain.tenant_id):
        for code in types:
            await emit(code, TYPES[code].data)
    await number_all(chain.tenant_id)


async def read(chain: Chain, **query: Any) -> dict[str, Any]:
    answer = await chain.http.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    problem = answer.json()
    told = [(error["pointer"], error["code"]) for error in problem.get("errors", ())]
    return answer.status_code, problem["type"].rpartition("/")[2], told


@pytest.fixture(scope="module")
async def chain(new_chain: Any) -> Chain:
    """Five events."""
    made: Chain = await new_chain()
    await tell(made, "member.left", "campaign.started", "campaign.stopped", "member.left", "pass.used")
    return made


async def test_a_reader_goes_on_where_it_was(chain: Chain) -> None:
    first = await read(chain, limit=2)
    begin = first["data"][0]["position"]
    assert [one["type"] for one in first["data"]] == ["member.left", "campaign.started"]
    assert first["position"] == begin + 1
    assert first["newest"] >= begin + 4
    second = await read(chain, limit=2, cursor=first["next_cursor"])
    assert second == {**await read(chain, limit=2, after=first["position"])}
    assert [one["position"] for one in second["data"]] == [begin + 2, begin + 3]
    rest = await read(chain, after=second["position"])
    assert rest["next_cursor"] is None
    assert rest["position"] == rest["newest"]
    assert await read(chain, after=rest["position"]) == {**rest, "data": []}
    await tell(chain, "campaign.started")
    assert [one["type"] for one in (await read(chain, after=rest["position"]))["data"]] == ["campaign.started"]


async def test_a_type_or_a_noun_may_be_asked_for_and_the_place_is_behind_all(chain: Chain) -> None:
    found = await read(chain, type="campaign.*,pass.used")
    assert {one["type"] for one in found["data"]} == {"campaign.started", "campaign.stopped", "pass.used"}
    positions = [one["position"] for one in found["data"]]
    assert positions == sorted(positions)
    none = await read(chain, type="member.erased")
    assert none["data"] == []
    assert none["position"] == none["newest"]  # so that nobody who waits for what is rare falls behind what is kept
    one = await read(chain, type="member.left", limit=1)
    assert (await read(chain, type="member.left", cursor=one["next_cursor"]))["data"][0]["position"] > one["position"]


async def test_one_event_as_the_feed_shows_it(chain: Chain, new_chain: Any) -> None:
    shown = (await read(chain, limit=1))["data"][0]
    assert shown.keys() == {"id", "position", "type", "occurred_at", "member_id", "data"}
    assert (await chain.http.get(f"/v1/events/{shown['id']}")).json() == shown
    other = await new_chain()
    assert (await other.http.get(f"/v1/events/{shown['id']}")).status_code == 404


async def test_what_cannot_be_read_is_said(chain: Chain) -> None:
    newest = (await read(chain))["newest"]
    cursor = (await read(chain, limit=1))["next_cursor"]
    for query, pointer, code in (
        ({"after": newest + 1}, "/after", "unknown-position"),
        ({"after": -1}, "/after", "too-small"),
        ({"after": 2**63}, "/after", "not-less"),
        ({"after": "x"}, "/after", "wrong-type"),
        ({"after": 0, "cursor": cursor}, "/after", "not-together"),
        ({"type": "member.flew"}, "/type", "unknown-event-type"),
        ({"type": "member.left,"}, "/type", "unknown-event-type"),
    ):
        answer = await chain.http.get("/v1/events", params=query)
        assert refused(answer) == (422, "validation-failed", [(pointer, code)]), query
    assert refused(await chain.http.get("/v1/events?cursor=x"))[1] == "invalid-cursor"


async def test_who_was_away_for_too_long_is_told(new_chain: Any) -> None:
    chain = await new_chain()
    await tell(chain, "member.left", "campaign.started", "campaign.stopped", "pass.used")
    positions = [one["position"] for one in (await read(chain))["data"]]
    conn = await owner()
    ended = "DELETE FROM event WHERE tenant_id = $1 AND position <= $2"
    await conn.execute(ended, chain.tenant_id, positions[1])
    gone = await chain.http.get("/v1/events", params={"after": positions[0]})
    assert (gone.status_code, gone.json()["oldest"]) == (410, positions[2])
    assert [one["position"] for one in (await read(chain, after=positions[1]))["data"]] == positions[2:]
    assert [one["position"] for one in (await read(chain))["data"]] == positions[2:]
    assert len((await read(chain, after=0))["data"]) == 2
    await conn.execute(ended, chain.tenant_id, positions[3])
    assert (await chain.http.get("/v1/events", params={"after": positions[2]})).status_code == 410
    assert await read(chain, after=positions[3]) == {
        "data": [],
        "next_cursor": None,
        "position": positions[3],
        "newest": positions[3],
    }


@pytest.mark.parametrize(
    ("scopes", "status"), [(["reports:read"], 200), (["webhooks:write"], 200), (["members:read"], 403)]
)
async def test_keys_of_two_kinds_may_read_it(chain: Chain, client: Any, scopes: list[str], status: int) -> None:
    key = (await chain.http.post("/v1/api-keys", json={"name": "x", "scopes": scopes})).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for path in ("/v1/events", "/v1/event-types"):
        assert (await client.get(path, headers=headers)).status_code == status


async def test_a_key_of_some_branches_may_not(chain: Chain, client: Any) -> None:
    body = {"name": "x", "scopes": ["reports:read"], "branch_ids": [chain.branch_id]}
    key = (await chain.http.post("/v1/api-keys", json=body)).json()["key"]
    answer = await client.get("/v1/events", headers={"Authorization": f"Bearer {key}"})
    assert refused(answer)[:2] == (403, "not-permitted")


async def test_the_catalogue_is_told_in_the_readers_language(chain: Chain) -> None:
    abouts = []
    for language in ("en", "zh-CN"):
        answer = await chain.http.get("/v1/event-types", headers={"Accept-Language": language})
        shown = {one["type"]: one for one in answer.json()["data"]}
        assert shown.keys() == TYPES.keys()
        assert shown["pass.sold"]["example"]["data"] == TYPES["pass.sold"].data
        assert shown["campaign.started"]["example"]["member_id"] is None
        abouts.append([one["description"] for one in shown.values()])
    assert abouts[0] == [one.about for one in TYPES.values()]
    assert not set(abouts[0]) & set(abouts[1])


async def test_a_page_is_found_by_an_index_however_many_events_there_are(chain: Chain) -> None:
    """As the application asks, under row security, of a feed of two chains that makes a walk through it dear."""
    conn = await owner()
    many = (
        "INSERT INTO event AS e (tenant_id, position, id, type, at, data)"
        " SELECT CASE WHEN g % 2 = 0 THEN $1 ELSE gen_random_uuid() END, g + 1000000, uuidv7(),"
        " CASE WHEN g % 100 = 0 THEN 'pass.used' ELSE 'member.left' END, now(), '{}' FROM generate_series(1, 4000) g"
    )
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute(many, chain.tenant_id)
        await conn.execute("ANALYZE event")
        await conn.execute(f"SET LOCAL ROLE app; SET LOCAL app.tenant_id = '{chain.tenant_id}'")
        for sql, values in (
            (reading._ALL, (1, 51)),
            (reading._OF_TYPES, (1, 51, ["member.left", "pass.used"])),
            (reading._ENDS, ()),
            (reading._ONE, (chain.tenant_id,)),
        ):
            rows = await conn.fetch("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + sql, chain.tenant_id, *values)
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, plan
            assert "Rows Removed" not in plan, plan
    finally:
        await transaction.rollback()

"""The rules over HTTP: read, drafted, refused with every fault at its place, published as a whole or not at all."""

import asyncio
import copy
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows

from saas.scope import connection, tenant_scope
from tenants.programme.publish import publish, put_draft

Json = dict[str, Any]
LIFETIME: Json = {"type": "lifetime"}


async def current(chain: Chain) -> Json:
    document: Json = (await chain.http.get("/v1/programme")).json()
    return document


async def put(chain: Chain, document: Any, **headers: str) -> Any:
    return await chain.http.put("/v1/programme/draft", json=document, headers=headers)


async def release(chain: Chain, document: Json, **body: Any) -> Json:
    kept = await put(chain, document)
    assert kept.status_code == 200, kept.text
    answer = await chain.http.post("/v1/programme/draft/publish", json=body)
    assert answer.status_code == 200, answer.text
    published: Json = answer.json()
    return published


def silver_at(document: Json, amount: int) -> Json:
    changed = copy.deepcopy(document)
    changed["ladders"][0]["tiers"][1]["qualify"] = {"metric": "spend", "window": LIFETIME, "gte": amount}
    return changed


async def test_a_draft_is_kept_read_and_published(chain: Chain) -> None:
    document = await current(chain)
    assert (await chain.http.get("/v1/programme/draft")).json()["type"] == "/problems/draft-missing"
    kept = await put(chain, silver_at(document, 100))
    assert kept.status_code == 200
    draft = await chain.http.get("/v1/programme/draft")
    assert (draft.json(), draft.headers["etag"]) == (kept.json()["draft"], kept.headers["etag"])
    assert await current(chain) == document

    answer = await chain.http.post("/v1/programme/draft/publish", json={"note": "银卡 1 元"})
    assert answer.json() == {**draft.json(), "version": 2}
    assert await current(chain) == answer.json()
    assert (await chain.http.get("/v1/programme/draft")).status_code == 404
    assert (await chain.http.get("/v1/programme/versions/1")).json() == document
    versions = (await chain.http.get("/v1/programme/versions")).json()["data"]
    assert [(v["version"], v["note"]) for v in versions] == [(2, "银卡 1 元"), (1, versions[1]["note"])]
    for missing in (3, 0, 2**31, 2**63):
        assert (await chain.http.get(f"/v1/programme/versions/{missing}")).status_code == 404
    acts = [e["action"] for e in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert acts[:2] == ["programme.publish", "programme.draft"]


async def test_a_publish_moves_nobody_until_the_next_purchase(chain: Chain) -> None:
    one = await member(chain)
    await bought(chain, "1", 10_000, member_id=one)
    await release(chain, silver_at(await current(chain), 10_000))
    assert await rows(chain, "decision") == []
    made = await bought(chain, "2", 1, member_id=one)
    assert made["tier"] == {"ladder": "card", "before": "regular", "after": "silver"}
    (decision,) = await rows(chain, "decision")
    assert decision["programme_version"] == 2


async def test_if_match_keeps_two_editors_apart(chain: Chain) -> None:
    document = await current(chain)
    assert (await put(chain, document, **{"If-Match": "*"})).status_code == 412, "there is none yet"
    at_first = await asyncio.gather(*(put(chain, silver_at(document, n), **{"If-None-Match": "*"}) for n in (3, 4)))
    assert sorted(answer.status_code for answer in at_first) == [200, 412]
    first = next(answer.headers["etag"] for answer in at_first if answer.status_code == 200)
    second = (await put(chain, document, **{"If-Match": first})).headers["etag"]
    for stale in (first, '"3"', f"W/{second}", "nonsense", ""):
        refused = await put(chain, silver_at(document, 5), **{"If-Match": stale})
        assert (refused.status_code, refused.json()["type"]) == (412, "/problems/precondition-failed"), stale
    assert (await chain.http.get("/v1/programme/draft")).headers["etag"] == second
    asked = {"If-Match": f"{first}, {second}"}
    at_once = await asyncio.gather(*(put(chain, silver_at(document, n), **asked) for n in range(6, 11)))
    assert sorted(answer.status_code for answer in at_once) == [200, 412, 412, 412, 412]


async def test_what_is_published_is_what_was_looked_at(chain: Chain) -> None:
    """Also where the draft was published and begun anew meanwhile, which begins to count anew."""
    document = await current(chain)
    seen = (await put(chain, silver_at(document, 3))).headers["etag"]
    await release(chain, silver_at(document, 4))
    await put(chain, silver_at(document, 3))
    for method, path in (("POST", "/v1/programme/draft/publish"), ("DELETE", "/v1/programme/draft")):
        stale = await chain.http.request(method, path, headers={"If-Match": seen})
        assert (stale.status_code, stale.json()["type"]) == (412, "/problems/precondition-failed")
    now = (await chain.http.get("/v1/programme/draft")).headers["etag"]
    published = await chain.http.post("/v1/programme/draft/publish", headers={"If-Match": now})
    assert (published.status_code, published.json()["version"]) == (200, 3)


async def test_a_publish_needs_no_body(chain: Chain) -> None:
    assert (await put(chain, await current(chain))).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish")).json()["version"] == 2


async def test_two_publishes_at_once_make_one_version(chain: Chain) -> None:
    assert (await put(chain, await current(chain))).status_code == 200
    url = "/v1/programme/draft/publish"
    answers = await asyncio.gather(*(chain.http.post(url, json={}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]
    assert (await current(chain))["version"] == 2


async def test_a_publish_that_fails_at_the_end_leaves_no_trace_in_memory(chain: Chain) -> None:
    """The number is used again by another document: nothing may remember the first."""
    document = await current(chain)
    one = await member(chain)

    async def interrupted() -> None:
        async with tenant_scope(chain.tenant_id):
            await put_draft(silver_at(document, 1))
            await publish("next_purchase", None)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await interrupted()
    await release(chain, silver_at(document, 777))
    assert (await bought(chain, "1", 100, member_id=one))["tier"]["after"] == "regular"
    assert (await bought(chain, "2", 677, member_id=one))["tier"]["after"] == "silver"


async def test_an_unknown_transition_is_refused_and_the_draft_stays(chain: Chain) -> None:
    await put(chain, await current(chain))
    for transition in ("then", "", "x" * 41):
        answer = await chain.http.post("/v1/programme/draft/publish", json={"transition": transition})
        assert answer.status_code == 422, answer.text
    assert (await chain.http.get("/v1/programme/draft")).status_code == 200


async def test_a_tier_that_somebody_holds_cant_vanish_unsaid(chain: Chain) -> None:
    one = await member(chain)
    await bought(chain, "1", 20_000, member_id=one)
    document = await current(chain)
    renamed, dropped, other = (copy.deepcopy(document) for _ in range(3))
    renamed["ladders"][0]["tiers"][1]["code"] = "argent"
    del dropped["ladders"][0]["tiers"][1:]
    other["ladders"][0]["code"] = "club"
    for changed in (renamed, dropped, other):
        assert (await put(chain, changed)).status_code == 200
        answer = await chain.http.post("/v1/programme/draft/publish", json={})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/tiers-in-use")
        assert "silver" in answer.json()["detail"]
        assert "members: 1" in answer.json()["detail"]
    assert (await current(chain)) == document
    top = copy.deepcopy(document)
    del top["ladders"][0]["tiers"][3]  # nobody is there
    assert len((await release(chain, top))["ladders"][0]["tiers"]) == 3


async def test_holders_go_where_there_is_a_tier(chain: Chain) -> None:
    document = await current(chain)
    document["ladders"][0]["tiers"][1]["code"] = "argent"
    assert (await put(chain, document)).status_code == 200
    for holders, pointer in (
        ({"card": {"silver": "copper"}}, "/holders/card/silver"),
        ({"club": {"silver": "argent"}}, "/holders/club"),
    ):
        answer = await chain.http.post("/v1/programme/draft/publish", json={"holders": holders})
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_doubts_are_told_in_the_readers_language_and_refuse_nothing(chain: Chain) -> None:
    document = await current(chain)
    document["ladders"][0]["tiers"][1]["qualify"] = {"metric": "spend", "window": LIFETIME, "gte": 200_001}
    said = {}
    for language in ("zh-CN", "en"):
        answer = await put(chain, document, **{"Accept-Language": language})
        assert answer.status_code == 200
        (warning,) = answer.json()["warnings"]
        assert (warning["pointer"], warning["code"]) == ("/ladders/0/tiers/1/qualify", "lower-asks-more")
        assert warning["params"]["asks"] == 200_001
        said[language] = warning["message"]
    assert said["zh-CN"] != said["en"]
    assert "¥2,000.01" in said["en"]
    assert "¥2,000.01" in said["zh-CN"]


async def test_text_of_a_document_never_becomes_sql(chain: Chain) -> None:
    """Names, labels and codes with what breaks out of strings elsewhere; one is refused, the others are only text."""
    document = await current(chain)
    nasty = "'; DROP TABLE member; --\" $1 %s {x} \\"
    document["ladders"][0]["names"] = {"zh-CN": nasty, "en": nasty}
    document["points"]["excluded_categories"] = [nasty]
    await release(chain, document)
    one = await member(chain)
    assert (await bought(chain, "1", 20_000, member_id=one))["tier"]["after"] == "silver"
    document["ladders"][0]["tiers"][1]["code"] = nasty
    assert (await put(chain, document)).status_code == 422


async def test_a_version_never_changes(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        privileges = await connection().fetchval(
            "SELECT has_table_privilege('programme_version', 'UPDATE') OR"
            " has_table_privilege('programme_version', 'DELETE')"
        )
    assert privileges is False
    assert (
        await (await owner()).fetchval("SELECT count(*) FROM programme_version WHERE tenant_id = $1", chain.tenant_id)
        == 1
    )

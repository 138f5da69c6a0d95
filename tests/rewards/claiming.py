"""What the tests of rewards say in short."""

from typing import Any

import httpx
from support.chains import Chain
from support.clock import owner

Json = dict[str, Any]
NAMES = {"zh-CN": "茶杯", "en": "A cup"}


async def reward(chain: Chain, code: str, **fields: Any) -> Json:
    """A new reward of 100 points."""
    answer = await chain.http.post("/v1/rewards", json={"code": code, "names": NAMES, "points": 100, **fields})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def earn(chain: Chain, who: str, points: int) -> None:
    body = {"member_id": who, "points": points, "reason": "a test"}
    answer = await chain.http.post("/v1/points/adjust", json=body)
    assert answer.status_code == 201, answer.text


async def balance(chain: Chain, who: str) -> int:
    points: int = (await chain.http.get(f"/v1/members/{who}/points")).json()["balance"]
    return points


async def claim(chain: Chain, reward_id: str, who: str | None, **fields: Any) -> httpx.Response:
    body = {"member_id": who, **fields}
    sent = {name: value for name, value in body.items() if value is not None}
    return await chain.http.post(f"/v1/rewards/{reward_id}/claim", json=sent)


async def claimed(chain: Chain, reward_id: str, who: str, **fields: Any) -> Json:
    answer = await claim(chain, reward_id, who, **fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def end(chain: Chain, claim_id: str, how: str) -> httpx.Response:
    """`how`: collect or cancel."""
    return await chain.http.post(f"/v1/rewards/claims/{claim_id}/{how}")


async def stock(chain: Chain, reward_id: str) -> int | None:
    found: int | None = (await chain.http.get(f"/v1/rewards/{reward_id}")).json()["stock"]
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def at_fault(answer: httpx.Response) -> list[tuple[str, str]]:
    """Pointers and codes of a 422."""
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def books_are_right(chain: Chain) -> None:
    """Stock is what came and went; every claim paid its points once, and a cancelled one has them back; points are the
    sum of their entries.
    """
    conn = await owner()
    for row in await conn.fetch(
        "SELECT r.stock, coalesce(sum(e.pieces), 0)::bigint AS pieces FROM reward r LEFT JOIN reward_entry e"
        " ON e.tenant_id = r.tenant_id AND e.reward_id = r.id WHERE r.tenant_id = $1 GROUP BY r.tenant_id, r.id",
        chain.tenant_id,
    ):
        assert row["stock"] in {None, row["pieces"]}
        assert row["pieces"] >= 0
        assert row["stock"] is not None or row["pieces"] == 0
    for row in await conn.fetch(
        "SELECT c.state, c.points, (SELECT coalesce(sum(e.points), 0)::bigint FROM points_entry e"
        " WHERE e.tenant_id = c.tenant_id AND e.source_id = c.id) AS moved FROM reward_claim c WHERE c.tenant_id = $1",
        chain.tenant_id,
    ):
        assert row["moved"] == (0 if row["state"] == "cancelled" else -row["points"])
    for row in await conn.fetch(
        "SELECT a.open - a.debt AS balance, (SELECT sum(e.points) FROM points_entry e WHERE e.tenant_id = a.tenant_id"
        ' AND e.member_id = a.member_id) AS entries, (SELECT sum(l."left") FROM points_lot l'
        " WHERE l.tenant_id = a.tenant_id AND l.member_id = a.member_id) AS lots, a.open"
        " FROM points_account a WHERE a.tenant_id = $1",
        chain.tenant_id,
    ):
        assert row["balance"] == row["entries"]
        assert row["open"] == row["lots"]

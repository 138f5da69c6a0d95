"""What the tests of coupons say in short."""

from typing import Any
from uuid import UUID

import httpx
from support.chains import Chain
from support.clock import owner

Json = dict[str, Any]
NAMES = {"zh-CN": "券", "en": "A coupon"}


async def coupon(chain: Chain, code: str, **fields: Any) -> Json:
    """A new coupon to give: 10.00 off for 30 days, unless the fields say otherwise."""
    body = {"code": code, "names": NAMES, "value": {"type": "amount", "amount": 1000}, "valid_days": 30, **fields}
    answer = await chain.http.post("/v1/coupons", json={k: v for k, v in body.items() if v is not None})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def give(chain: Chain, coupon_id: str, **to: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/coupons/{coupon_id}/grant", json=to)


async def given(chain: Chain, coupon_id: str, *members: str) -> list[str]:
    """Ids of the coupons that these members now have."""
    answer = await give(chain, coupon_id, member_ids=list(members))
    assert answer.status_code == 201, answer.text
    return [one["id"] for one in answer.json()["coupons"]]


async def printed(chain: Chain, coupon_id: str, count: int = 1) -> list[str]:
    """Numbers on paper."""
    answer = await chain.http.post(f"/v1/coupons/{coupon_id}/print", json={"count": count})
    assert answer.status_code == 201, answer.text
    return [one["number"] for one in answer.json()["coupons"]]


async def redeem(chain: Chain, **coupon: Any) -> httpx.Response:
    body = {"branch_id": chain.branch_id, **coupon}
    return await chain.http.post("/v1/coupons/redeem", json=body)


async def held(chain: Chain, reference: str) -> Json:
    """A coupon that was given, with its entries."""
    answer = await chain.http.get(f"/v1/coupons/grants/{reference}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def at_fault(answer: httpx.Response) -> list[tuple[str, str]]:
    """Pointers and codes of a 422."""
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


_FOLDED = """
SELECT g.id, g.state, g.used_for,
       ARRAY(SELECT e.kind FROM coupon_entry e
              WHERE e.tenant_id = g.tenant_id AND e.grant_id = g.id ORDER BY e.id) AS kinds,
       ARRAY(SELECT e.source_id FROM coupon_entry e
              WHERE e.tenant_id = g.tenant_id AND e.grant_id = g.id ORDER BY e.id) AS sources
  FROM coupon_grant g WHERE g.tenant_id = $1"""
_STEPS = {
    (None, "grant"): "open",
    ("open", "use"): "used",
    ("used", "return"): "open",
    ("used", "undo_use"): "open",
    ("open", "void"): "void",
    ("open", "expire"): "expired",
}


async def states_are_what_entries_leave(chain: Chain) -> int:
    """Each coupon's state is the fold of its entries, every step of it allowed; how many there are."""
    rows = await (await owner()).fetch(_FOLDED, chain.tenant_id)
    for row in rows:
        state: str | None = None
        for kind in row["kinds"]:
            state = _STEPS[state, kind]
        assert state == row["state"], row["id"]
        assert row["used_for"] in {None, row["sources"][-1]}
        assert row["used_for"] is None or row["kinds"][-1] == "use"
    return len(rows)


async def entries_of(chain: Chain, grant_id: str) -> list[str]:
    rows = await (await owner()).fetch(
        "SELECT kind FROM coupon_entry WHERE tenant_id = $1 AND grant_id = $2 ORDER BY id",
        chain.tenant_id,
        UUID(grant_id),
    )
    return [row["kind"] for row in rows]

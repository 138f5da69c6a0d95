"""Enrolling members and keeping segments over HTTP."""

from typing import Any

from programme.books import Json
from support.chains import Chain

NAMES = {"zh-CN": "常客", "en": "Regulars"}
TAGGED: Json = {"property": "tag", "in": ["VIP"]}


async def enrol(chain: Chain, **member: Any) -> str:
    answer = await chain.http.post("/v1/members", json={"name": "x", **member})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def keep(chain: Chain, code: str = "regulars", condition: Json = TAGGED) -> Json:
    answer = await chain.http.post("/v1/segments", json={"code": code, "names": NAMES, "condition": condition})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def pages(chain: Chain, url: str) -> list[list[str]]:
    """The ids of every page."""
    found, cursor = [], ""
    while True:
        answer = await chain.http.get(f"{url}{cursor}")
        assert answer.status_code == 200, answer.text
        found.append([member["id"] for member in answer.json()["data"]])
        if answer.json()["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json()['next_cursor']}"


async def key_with(chain: Chain, *scopes: str) -> dict[str, str]:
    made = (await chain.http.post("/v1/api-keys", json={"name": "k", "scopes": list(scopes)})).json()
    return {"Authorization": f"Bearer {made['key']}"}

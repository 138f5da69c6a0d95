"""A name that many begin with: the same members in the same order, whichever way the list takes to them."""

from typing import Any

import pytest

from tenants.members import listing


async def found(chain: Any, **params: Any) -> list[str]:
    names, cursor = [], None
    while True:
        page = {"limit": 3, **params, **({"cursor": cursor} if cursor else {})}
        answer = (await chain.http.get("/v1/members", params=page)).json()
        names += [one["name"] for one in answer["data"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return names


async def test_many_and_few_are_found_alike(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"name": f"林{n}" if n % 3 else f"王{n}", "tags": ["odd"] * (n % 2)} for n in range(20)]
    items += [{"name": "Card", "card_no": "林"}, {"name": "Bo", "external_id": "林"}]
    made = await chain.http.post("/v1/members:batch", json={"items": items})
    assert {one["status"] for one in made.json()["data"]} == {201}
    asked = ({"q": "林"}, {"q": "林", "tag": "odd"}, {"q": "王"}, {"q": "林1"}, {"q": "nobody"}, {"q": "Ca"})
    few = [await found(chain, **params) for params in asked]
    assert few[0] == ["Bo", "Card", *(f"林{n}" for n in reversed(range(20)) if n % 3)]

    async def common(_query: Any) -> bool:
        return True

    monkeypatch.setattr(listing, "_is_common", common)
    assert [await found(chain, **params) for params in asked] == few

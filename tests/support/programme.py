"""Puts changed rules in force."""

from typing import Any

from support.chains import Chain


async def change_programme(chain: Chain, **parts: Any) -> dict[str, Any]:
    """Publishes the programme with these parts of the document replaced."""
    document = (await chain.http.get("/v1/programme")).json() | parts
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    answer = await chain.http.post("/v1/programme/draft/publish", json={})
    assert answer.status_code == 200, answer.text
    published: dict[str, Any] = answer.json()
    return published

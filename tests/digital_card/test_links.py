"""Links to digital cards: who gets one, when it holds, when it doesn't."""

from typing import Any
from uuid import UUID

import pytest
from support.phones import enrolled

from saas.errors import DomainError
from saas.scope import tenant_scope
from tenants.digital_card.links import Link, holder_of, read_link


async def given(chain: Any, member_id: str) -> Link:
    """What the API gives out, read again."""
    answer = await chain.http.post(f"/v1/members/{member_id}/card-link")
    assert answer.status_code == 200, answer.text
    address, _, text = answer.json()["url"].rpartition("/c/")
    assert address == "http://127.0.0.1:8000"
    assert answer.json()["qr"].startswith("<svg")
    return read_link(text)


async def holds(link: Link) -> str | None:
    """Whose card it opens today."""
    async with tenant_scope(link.tenant_id):
        try:
            return str(await holder_of(link))
        except DomainError as error:
            return None if error.code == "not-found" else error.code


async def test_the_same_link_until_it_is_ended(chain: Any) -> None:
    member_id = await enrolled(chain)
    first = await given(chain, member_id)
    assert (first.tenant_id, first.member_id) == (chain.tenant_id, UUID(member_id))
    assert await given(chain, member_id) == first
    assert await holds(first) == member_id
    for _ in range(2):
        assert (await chain.http.delete(f"/v1/members/{member_id}/card-link")).status_code == 204
        assert await holds(first) is None
    second = await given(chain, member_id)
    assert second != first
    assert await holds(second) == member_id


async def test_another_members_links_stay(chain: Any) -> None:
    one, other = await enrolled(chain), await enrolled(chain)
    kept = await given(chain, other)
    await chain.http.delete(f"/v1/members/{one}/card-link")
    assert await holds(kept) == other


async def test_a_merged_records_link_leads_to_the_survivor_and_ends_with_it(chain: Any) -> None:
    survivor, other = await enrolled(chain), await enrolled(chain)
    old = await given(chain, other)
    assert (await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})).is_success
    assert await holds(old) == survivor
    assert (await given(chain, other)).member_id == UUID(survivor)
    await chain.http.delete(f"/v1/members/{other}/card-link")
    assert await holds(old) is None


async def test_who_has_left_has_no_card(chain: Any) -> None:
    member_id = await enrolled(chain)
    link = await given(chain, member_id)
    assert (await chain.http.delete(f"/v1/members/{member_id}")).status_code == 204
    assert await holds(link) is None
    refused = await chain.http.post(f"/v1/members/{member_id}/card-link")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/member-closed")


async def test_nobody_makes_a_link_but_us(chain: Any) -> None:
    text = (await given(chain, await enrolled(chain))).text
    for wrong in (
        "",
        "x",
        text[:-4],
        text + "AAAA",
        text[::-1],
        ("B" if text[0] == "A" else "A") + text[1:],
        "A" * 500,
    ):
        with pytest.raises(DomainError, match="not-found"):
            read_link(wrong)


async def test_who_looked_is_in_the_audit_log_and_the_link_is_not(chain: Any) -> None:
    member_id = await enrolled(chain)
    text = (await given(chain, member_id)).text
    log = (await chain.http.get("/v1/audit-log?limit=5")).text
    assert "card.link" in log
    assert text not in log
    again = {"Idempotency-Key": "once"}
    assert (await chain.http.post(f"/v1/members/{member_id}/card-link", headers=again)).status_code == 200
    repeated = await chain.http.post(f"/v1/members/{member_id}/card-link", headers=again)
    assert repeated.json()["type"] == "/problems/secret-shown-once"

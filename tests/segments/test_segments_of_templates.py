"""Each industry template's own segments answer, from the day of sign-up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock

from industry_templates.loader import load_all

NOW = datetime(2027, 3, 15, 4, tzinfo=UTC)
CHOICES = [(one.code, variant.code) for one in load_all().values() for variant in one.variants]
CHOICES += [(one.code, "") for one in load_all().values() if not one.variants]


async def buy(chain: Chain, member: str, days: int, number: str) -> None:
    ticket = {
        "member_id": member,
        "branch_id": chain.branch_id,
        "external_id": number,
        "amount": 50_000,
        "external_amounts": True,
        "occurred_at": (NOW - timedelta(days=days)).isoformat(),
    }
    answer = await chain.http.post("/v1/purchases", json=ticket)
    assert answer.status_code == 201, answer.text


async def some_members(chain: Chain) -> dict[str, str]:
    """One who bought once long ago, one who comes often, a company, one who never bought."""
    made = {}
    for name in ("sleeper", "regular", "company", "prospect"):
        body: dict[str, Any] = {"name": name, "joined_on": "2026-01-01", "birthday": "1990-03-31"}
        kind = "company" if name == "company" else "person"
        answer = await chain.http.post("/v1/members", json={**body, "kind": kind})
        if answer.status_code == 201:  # not every template takes companies
            made[name] = str(answer.json()["id"])
    bought = {"sleeper": (400,), "regular": (5, 12, 20, 26), "company": (40,)}
    for name, member in made.items():
        for days in bought.get(name, ()):
            await buy(chain, member, days, f"{name}-{days}")
    return made


@pytest.mark.parametrize(("code", "variant"), CHOICES)
async def test_every_segment_of_a_template_lists_its_members(new_chain: Any, code: str, variant: str) -> None:
    chain = await new_chain(template=code, **({"variant": variant} if variant else {}))
    await set_clock(chain.tenant_id, NOW)
    members = await some_members(chain)
    names = {member: name for name, member in members.items()}
    segments = (await chain.http.get("/v1/segments?limit=200")).json()["data"]
    assert len(segments) >= len(load_all()[code].segments)
    found: dict[str, list[str]] = {}
    for segment in segments:
        answer = await chain.http.get(f"/v1/segments/{segment['id']}/members")
        assert answer.status_code == 200, answer.text
        found[segment["code"]] = [names[member["id"]] for member in answer.json()["data"]]
    assert "sleeper" in found["sleeping"]
    assert found["prospects"] == ["prospect"]
    assert set(found["birthday_this_month"]) == set(members)
    assert "regular" in found["stage_new"]
    for part in ("stage", "rfm"):
        shared_out = sorted(name for one, some in found.items() if one.startswith(f"{part}_") for name in some)
        assert shared_out == sorted(set(members) - ({"prospect"} if part == "rfm" else set()))

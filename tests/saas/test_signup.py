"""Sign-up through HTTP: what it makes, what it refuses, and what a repeat gets."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.clock import owner


def form(**changes: Any) -> dict[str, Any]:
    return {
        "company": "Green Shoots Pharmacy",
        "template": "pharmacy",
        "email": f"{secrets.token_hex(8)}@example.com",
        "password": "correct horse battery",
        "locale": "en",
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        **changes,
    }


async def test_makes_everything_a_chain_needs(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/signup", json=form(company="青禾连锁"))
    assert answer.status_code == 201
    made = answer.json()
    tenant = made["tenant"]
    assert (tenant["status"], tenant["plan"], tenant["template"]) == ("trialing", "trial", "pharmacy")
    assert tenant["trial_ends_at"] > tenant["created_at"]
    assert made["api_key"]["scopes"] == ["admin"]
    auth = {"Authorization": f"Bearer {made['api_key']['key']}"}
    seen = (await client.get("/v1/tenant", headers=auth)).json()
    assert {key: seen[key] for key in tenant} == tenant
    (branch,) = (await client.get("/v1/branches", headers=auth)).json()["data"]
    assert (branch["code"], branch["kind"], branch["name"]) == ("main", "own", "Main branch")
    assert branch == made["branch"]
    acts = (await client.get("/v1/audit-log", headers=auth)).json()["data"]
    assert {act["action"] for act in acts} == {"tenant.sign_up", "branch.open", "api_key.issue"}
    assert "secret" not in answer.text
    assert "password" not in answer.text


async def test_the_programme_is_the_templates_in_the_tenants_currency(
    new_chain: Callable[..., Any],
) -> None:
    from saas.scope import connection, tenant_scope

    chain = await new_chain(template="courier", currency="EUR")
    async with tenant_scope(chain.tenant_id):
        document = await connection().fetchval(
            "SELECT document FROM programme_version WHERE tenant_id = $1 AND version = 1", chain.tenant_id
        )
    assert document["currency"] == "EUR"
    assert [tier["code"] for tier in document["ladders"][0]["tiers"]] == [
        "regular",
        "silver",
        "gold",
        "platinum",
    ]


async def test_slugs(client: httpx.AsyncClient) -> None:
    name = f"Crème {secrets.token_hex(4)} & Sons"
    first = (await client.post("/v1/signup", json=form(company=name))).json()["tenant"]["slug"]
    second = (await client.post("/v1/signup", json=form(company=name))).json()["tenant"]["slug"]
    assert first == name.replace("è", "e").replace(" & ", "-").replace(" ", "-").lower()
    assert second.startswith(first)
    assert second != first
    wanted = await client.post("/v1/signup", json=form(slug=first))
    assert (wanted.status_code, wanted.json()["type"]) == (409, "/problems/slug-taken")
    chinese = (await client.post("/v1/signup", json=form(company="青禾"))).json()["tenant"]["slug"]
    assert chinese.startswith("chain-")
    reserved = await client.post("/v1/signup", json=form(slug="admin"))
    assert reserved.status_code == 409


async def test_an_email_signs_up_once_and_a_refused_sign_up_leaves_nothing(client: httpx.AsyncClient) -> None:
    taken = form()
    assert (await client.post("/v1/signup", json=taken)).status_code == 201
    slug = f"free-{secrets.token_hex(5)}"
    again = await client.post("/v1/signup", json=form(email=taken["email"].upper(), slug=slug))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/email-taken")
    assert (await client.post("/v1/signup", json=form(slug=slug))).status_code == 201


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"template": "florist"}, "/template", "unknown-template"),
        ({"locale": "fr"}, "/locale", "invalid-locale"),
        ({"timezone": "Mars/Olympus"}, "/timezone", "invalid-timezone"),
        ({"currency": "XYZ"}, "/currency", "invalid-currency"),
        ({"email": "nobody"}, "/email", "invalid-email"),
        ({"company": "   "}, "/company", "blank"),
        ({"slug": "a--b"}, "/slug", "wrong-format"),
        ({"slug": "Über"}, "/slug", "wrong-format"),
        ({"password": "short"}, "/password", "weak-password"),
        ({"password": "password123"}, "/password", "weak-password"),
        ({"password": "aaaaaaaaaaaa"}, "/password", "weak-password"),
        ({"password": "owner@example.com", "email": "owner@example.com"}, "/password", "weak-password"),
        ({"password": "x1Y2z3" * 40}, "/password", "too-long"),
        ({"plan": "free"}, "/plan", "unknown-field"),
        ({"company": 5}, "/company", "wrong-type"),
    ],
)
async def test_refuses_bad_input_with_its_place(
    client: httpx.AsyncClient, changes: dict[str, Any], where: str, code: str
) -> None:
    answer = await client.post("/v1/signup", json=form(**changes))
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(where, code)]


async def test_a_repeat_gets_the_same_answer_and_another_body_none(client: httpx.AsyncClient) -> None:
    body, headers = form(), {"Idempotency-Key": secrets.token_hex(12)}
    answers = await asyncio.gather(*(client.post("/v1/signup", json=body, headers=headers) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 29
    other = await client.post("/v1/signup", json=form(), headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    long = await client.post("/v1/signup", json=form(), headers={"Idempotency-Key": "k" * 256})
    assert long.json()["type"] == "/problems/idempotency-key-invalid"


async def test_what_is_kept_for_a_repeat_shows_nothing(client: httpx.AsyncClient) -> None:

    body, key = form(), secrets.token_hex(12)
    made = (await client.post("/v1/signup", json=body, headers={"Idempotency-Key": key})).json()
    rows = [str(dict(row)) for row in await (await owner()).fetch("SELECT * FROM platform.signup_key")]
    for secret in (made["api_key"]["key"], body["password"], body["email"], key):
        assert not any(secret in row for row in rows)

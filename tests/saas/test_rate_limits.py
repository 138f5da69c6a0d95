"""Rate limits: what a chain's keys may send, what each answer tells, and what is refused."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from structlog.testing import capture_logs
from support.browsing import logged_in
from support.chains import Chain
from support.clock import owner

from saas.limits import middleware
from saas.limits.middleware import RateLimitMiddleware
from saas.settings import Settings, get_settings

LEVEL = re.compile(r'"([a-z]+)";r=([0-9]+);t=([0-9]+)')


@pytest.fixture
def with_settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> Callable[..., Settings]:
    def put(**changes: Any) -> Settings:
        changed = get_settings().model_copy(update={"rate_limits": True, **changes})
        monkeypatch.setattr(middleware, "get_settings", lambda: changed)
        return changed

    return put


@pytest.fixture
async def limiter(app: Any, with_settings: Callable[..., Settings]) -> AsyncIterator[RateLimitMiddleware]:
    """The application's, switched on."""
    with_settings()
    found: RateLimitMiddleware = app.state.limiter
    found._silent_until = 0.0
    yield found
    await found.close()


@pytest.fixture
async def valkey(environ: dict[str, str]) -> AsyncIterator[Any]:
    redis = Redis.from_url(environ["REDIS_URL"], decode_responses=True)
    yield redis
    await redis.aclose()


def left(answer: httpx.Response) -> dict[str, int]:
    return {name: int(r) for name, r, _ in LEVEL.findall(answer.headers["ratelimit"])}


async def drain(valkey: Any, key: str) -> None:
    """Empties a bucket: it will be full in an hour (of which two buckets' worth are believed)."""
    seconds, _ = await valkey.time()
    await valkey.set(key, (seconds + 3600) * 1_000_000, px=3_600_000)


def bucket(chain: Chain, *, of_key: bool = False) -> str:
    tenant = f"limit:{{{chain.tenant_id}}}"
    return f"{tenant}:key:{chain.key.split('_')[2]}" if of_key else tenant


async def other_key(chain: Chain) -> dict[str, str]:
    answer = await chain.http.post("/v1/api-keys", json={"name": "other", "scopes": ["members:read"]})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['key']}"}


async def test_an_answer_tells_what_is_left(limiter: RateLimitMiddleware, chain: Chain, client: Any) -> None:
    answer = await chain.http.get("/v1/branches")
    assert answer.headers["ratelimit-policy"] == '"tenant";q=250;w=5, "key";q=200;w=5'  # growth: 50 a second
    assert left(answer)["tenant"] in range(240, 251)
    assert left(answer)["key"] in range(190, 201)
    refused = await chain.http.get(f"/v1/members/{chain.branch_id}")
    assert refused.status_code == 404
    assert left(refused)["key"] in range(190, 200)
    assert "ratelimit" not in (await client.get("/v1/templates")).headers


async def test_what_is_too_much_is_refused_before_anything_is_done(
    limiter: RateLimitMiddleware, chain: Chain, valkey: Any
) -> None:
    counted = REGISTRY.get_sample_value("regulars_rate_limited_total", {"policy": "key"}) or 0
    await chain.http.get("/v1/branches")
    await drain(valkey, bucket(chain, of_key=True))
    answer = await chain.http.post("/v1/members", json={"name": "Lin"}, headers={"Idempotency-Key": "once"})
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["policy"]) == (429, "/problems/rate-limited", "key")
    assert problem["instance"] == answer.headers["x-request-id"]
    assert 1 <= int(answer.headers["retry-after"]) <= 6  # two buckets of five seconds lie ahead, less one
    assert left(answer)["key"] == 0
    assert left(answer)["tenant"] > 0
    assert REGISTRY.get_sample_value("regulars_rate_limited_total", {"policy": "key"}) == counted + 1

    await valkey.delete(bucket(chain, of_key=True))  # time passes
    again = await chain.http.post("/v1/members", json={"name": "Lin"}, headers={"Idempotency-Key": "once"})
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers
    replayed = await chain.http.post("/v1/members", json={"name": "Lin"}, headers={"Idempotency-Key": "once"})
    assert replayed.headers["idempotent-replayed"] == "true"
    assert len(replayed.headers.get_list("ratelimit")) == 1


async def test_a_key_that_runs_wild_leaves_something_to_the_others(
    limiter: RateLimitMiddleware, chain: Chain, client: Any, valkey: Any
) -> None:
    other = await other_key(chain)
    await drain(valkey, bucket(chain, of_key=True))
    assert (await chain.http.get("/v1/members")).status_code == 429
    assert (await client.get("/v1/members", headers=other)).status_code == 200
    await drain(valkey, bucket(chain))
    answer = await client.get("/v1/members", headers=other)
    assert (answer.status_code, answer.json()["policy"]) == (429, "tenant")


async def test_a_noisy_chain_slows_only_itself(
    limiter: RateLimitMiddleware, new_chain: Callable[..., Any], valkey: Any
) -> None:
    noisy, quiet = await new_chain(), await new_chain()
    await drain(valkey, bucket(noisy))
    assert (await noisy.http.get("/v1/branches")).status_code == 429
    answer = await quiet.http.get("/v1/branches")
    assert answer.status_code == 200
    assert left(answer)["tenant"] >= 240


async def test_another_plan_has_another_rate(limiter: RateLimitMiddleware, chain: Chain) -> None:
    change = "UPDATE tenant SET plan = 'starter', plan_revision = '2026-11' WHERE tenant_id = $1"
    await (await owner()).execute(change, chain.tenant_id)
    limiter._rates._known[chain.tenant_id] = (0.0, 50)  # what was known is a minute old
    answer = await chain.http.get("/v1/branches")
    assert answer.headers["ratelimit-policy"] == '"tenant";q=50;w=5, "key";q=40;w=5'


async def test_a_hundred_items_of_a_batch_count_as_one_request(
    limiter: RateLimitMiddleware, chain: Chain, valkey: Any
) -> None:
    items = [{"external_id": f"m{n}"} for n in range(250)]  # nothing in them is right: they count all the same
    assert (await chain.http.post("/v1/members:batch", json={"items": items})).status_code == 200
    seconds, micros = await valkey.time()
    ahead = int(await valkey.get(bucket(chain)) or 0) - (seconds * 1_000_000 + micros)
    assert ahead <= 3 * 20_000  # 50 a second; time has passed since
    alone = {"external_id": "late", "branch_id": chain.branch_id, "amount": 1, "occurred_at": "x"}
    await drain(valkey, bucket(chain))
    before = int(await valkey.get(bucket(chain)))
    assert (await chain.http.post("/v1/purchases:batch", json={"items": [alone] * 1000})).status_code == 429
    assert int(await valkey.get(bucket(chain))) == before


async def test_people_have_their_own_and_pages_none(
    limiter: RateLimitMiddleware, app: Any, chain: Chain, valkey: Any
) -> None:
    await drain(valkey, bucket(chain))
    async with logged_in(app, chain) as browser:
        page = await browser.get("/overview")
        assert page.status_code == 200
        assert "ratelimit" not in page.headers
        answer = await browser.get("/v1/branches", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        assert set(left(answer)) == {"person"}


async def test_without_valkey_nobody_is_held_back(
    app: Any, chain: Chain, with_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = with_settings(redis_url=get_settings().redis_url.__class__("redis://127.0.0.1:1/0"))
    assert away.rate_limits
    limiter: RateLimitMiddleware = app.state.limiter
    limiter._silent_until = 0.0
    before = REGISTRY.get_sample_value("regulars_rate_limiter_away_total") or 0
    asked: list[object] = []
    take = middleware.take

    async def counting(*given: Any, **more: Any) -> Any:
        asked.append(given)
        return await take(*given, **more)

    monkeypatch.setattr(middleware, "take", counting)
    with capture_logs() as logs:
        answers = [await chain.http.get("/v1/branches") for _ in range(2)]
        limiter._silent_until = float("inf")  # however slow this machine is
        answers.append(await chain.http.get("/v1/branches"))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("ratelimit" in answer.headers for answer in answers)
    assert REGISTRY.get_sample_value("regulars_rate_limiter_away_total") == before + 3
    assert len([line for line in logs if line["event"] == "rate limits unavailable"]) == len(asked)
    assert len(asked) < 3
    await limiter.close()
    limiter._silent_until = 0.0

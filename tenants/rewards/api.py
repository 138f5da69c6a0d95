"""`/v1/rewards`: what points buy, its stock, and claiming it."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.rewards.bodies import ClaimBody, ClaimsQuery, NewReward, RewardChange, StockBody
from tenants.rewards.claim import cancel, claim, claims_of_member, collect
from tenants.rewards.claim import shown as shown_claim
from tenants.rewards.reward import change_reward, make_reward, reward, rewards, shown, stock_reward
from tenants.rewards.waiting import claims_of_reward, waiting_claims

READ = {"requires": "members:read"}
DEFINE = {"requires": "programme:write"}
CLAIM = {"requires": "points:write"}
_TAGS: Final = Tags("reward", moves=frozenset({"stock"}))


@post("/v1/rewards", opt=DEFINE, tags=["rewards"], summary="A new thing that points buy")
async def create(data: JSONBody[NewReward]) -> dict[str, Any]:
    return await make_reward(data)


@get("/v1/rewards", opt=READ, tags=["rewards"], summary="Rewards, the oldest first")
async def list_rewards(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await rewards(after, query.limit + 1), query.limit, shown, lambda row: (row["id"],))


@get("/v1/rewards/{reward_id:uuid}", opt={**READ, "tagged": True}, tags=["rewards"], summary="One reward")
async def read(request: Request[Any, Any, Any], reward_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, shown(await reward(reward_id)))


@patch(
    "/v1/rewards/{reward_id:uuid}",
    opt={**DEFINE, "tagged": True},
    tags=["rewards"],
    summary="Change a reward, end it, take it up again",
)
async def change(
    request: Request[Any, Any, Any], reward_id: FromPath[UUID], data: JSONBody[RewardChange]
) -> Response[dict[str, Any]]:
    """Claims made before keep their points, and can be collected when the reward has ended."""

    async def now() -> dict[str, Any]:
        return shown(await reward(reward_id))

    await _TAGS.require(request, reward_id, now)
    return _TAGS.answer(request, await change_reward(reward_id, data))


@post("/v1/rewards/{reward_id:uuid}/stock", opt=DEFINE, tags=["rewards"], summary="Pieces that came, or are gone")
async def stock(reward_id: FromPath[UUID], data: JSONBody[StockBody]) -> dict[str, Any]:
    return await stock_reward(reward_id, data.pieces)


@post("/v1/rewards/{reward_id:uuid}/claim", opt=CLAIM, tags=["rewards"], summary="A member's points for one piece")
async def take(reward_id: FromPath[UUID], data: JSONBody[ClaimBody]) -> Response[dict[str, Any]]:
    """201, or 200 where the same `external_id` had been recorded with the same content."""
    row, first = await claim(reward_id, data)
    return Response(shown_claim(row), status_code=201 if first else 200)


@get("/v1/rewards/claims", opt=READ, tags=["rewards"], summary="Claims that wait to be collected, the newest first")
async def list_waiting(request: Request[Any, Any, Any]) -> Page:
    """A key of branches sees those of its branches, and those that name none."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await waiting_claims(before, query.limit)
    return page(rows, query.limit, shown_claim, lambda row: (row["id"],))


@get("/v1/rewards/{reward_id:uuid}/claims", opt=READ, tags=["rewards"], summary="Claims of a reward, the newest first")
async def list_claimed(reward_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    await reward(reward_id)
    rows = await claims_of_reward(reward_id, before, query.limit)
    return page(rows, query.limit, shown_claim, lambda row: (row["id"],))


@post(
    "/v1/rewards/claims/{claim_id:uuid}/collect",
    opt=CLAIM,
    status_code=200,
    tags=["rewards"],
    summary="It was handed out",
)
async def hand_out(claim_id: FromPath[UUID]) -> dict[str, Any]:
    return shown_claim(await collect(claim_id))


@post(
    "/v1/rewards/claims/{claim_id:uuid}/cancel",
    opt=CLAIM,
    status_code=200,
    tags=["rewards"],
    summary="Points and piece come back",
)
async def call_off(claim_id: FromPath[UUID]) -> dict[str, Any]:
    return shown_claim(await cancel(claim_id))


@get(
    "/v1/members/{member_id:uuid}/claims", opt=READ, tags=["members"], summary="What a member claimed, the newest first"
)
async def list_claims(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ClaimsQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await claims_of_member(await require_member(member_id), query.state, query.limit, before)
    return page(rows, query.limit, shown_claim, lambda row: (row["id"],))


HANDLERS = [
    create,
    list_rewards,
    read,
    change,
    stock,
    take,
    list_waiting,
    list_claimed,
    hand_out,
    call_off,
    list_claims,
]

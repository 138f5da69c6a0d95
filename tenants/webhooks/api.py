"""`/v1/webhooks`: where a chain's events are sent, and what became of each. They are the whole chain's: for callers of
every branch.
"""

from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.etags import Tags
from saas.paging import Page, cut, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.webhooks.bodies import DeliveryQuery, NewWebhook, ReplayBody, RotateBody, TestBody, WebhookChange
from tenants.webhooks.delivery import deliveries, delivery, retry, send_test
from tenants.webhooks.endpoint import change_endpoint, delete_endpoint, endpoint, endpoints, make_endpoint, rotate
from tenants.webhooks.replay import begin_replay

OPT = {"requires": "webhooks:write"}
_SHOWS = {**OPT, "shows_secret": True}
_TAGS = ["webhooks"]
_ETAGS: Final = Tags("webhook_endpoint", moves=frozenset({"waiting", "failed", "failing_since", "old_secret_until"}))


@post("/v1/webhooks", opt=_SHOWS, tags=_TAGS, summary="A new endpoint: the answer shows its secret, once")
async def create(data: JSONBody[NewWebhook]) -> dict[str, Any]:
    return await make_endpoint(data)


@get("/v1/webhooks", opt=OPT, tags=_TAGS, summary="Endpoints, the oldest first")
async def list_endpoints(request: Request[Any, Any, Any]) -> Page:
    """A chain has up to 20."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    return cut(await endpoints(), query.limit, query.cursor, lambda one: one["id"])


@get("/v1/webhooks/{webhook_id:uuid}", opt={**OPT, "tagged": True}, tags=_TAGS, summary="One endpoint")
async def read(request: Request[Any, Any, Any], webhook_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _ETAGS.answer(request, await endpoint(webhook_id))


@patch(
    "/v1/webhooks/{webhook_id:uuid}",
    opt={**OPT, "tagged": True},
    tags=_TAGS,
    summary="Change an endpoint, turn it off or on again",
)
async def change(
    request: Request[Any, Any, Any], webhook_id: FromPath[UUID], data: JSONBody[WebhookChange]
) -> Response[dict[str, Any]]:
    """While it is off, what waits is kept, and no event that happens is sent later by itself: replay them."""
    await _ETAGS.require(request, webhook_id, partial(endpoint, webhook_id))
    return _ETAGS.answer(request, await change_endpoint(webhook_id, data))


@delete(
    "/v1/webhooks/{webhook_id:uuid}", opt={**OPT, "tagged": True}, tags=_TAGS, summary="Delete an endpoint with its log"
)
async def remove(request: Request[Any, Any, Any], webhook_id: FromPath[UUID]) -> None:
    await _ETAGS.require(request, webhook_id, partial(endpoint, webhook_id))
    await delete_endpoint(webhook_id)


@post(
    "/v1/webhooks/{webhook_id:uuid}/rotate", opt=_SHOWS, status_code=200, tags=_TAGS, summary="A new secret, shown once"
)
async def new_secret(webhook_id: FromPath[UUID], data: JSONBody[RotateBody]) -> dict[str, Any]:
    """For `overlap_hours` both sign, so that nothing is missed while the receiver changes over."""
    return await rotate(webhook_id, timedelta(hours=data.overlap_hours))


@post("/v1/webhooks/{webhook_id:uuid}/test", opt=OPT, status_code=202, tags=_TAGS, summary="Send an example event")
async def test(webhook_id: FromPath[UUID], data: JSONBody[TestBody]) -> dict[str, Any]:
    """The delivery that is on its way: read it again to see what came of it. The body says `"test": true`."""
    return await send_test(webhook_id, data.type)


@post(
    "/v1/webhooks/{webhook_id:uuid}/replay", opt=OPT, status_code=202, tags=_TAGS, summary="Send again what it missed"
)
async def replay(webhook_id: FromPath[UUID], data: JSONBody[ReplayBody]) -> dict[str, Any]:
    """By a job: what failed or waits, or all events of a time, each under the `webhook-id` that it had before."""
    return {"job_id": str(await begin_replay(webhook_id, data))}


@get("/v1/webhooks/{webhook_id:uuid}/deliveries", opt=OPT, tags=_TAGS, summary="An endpoint's log, the newest first")
async def list_of_endpoint(webhook_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    return await _log(webhook_id, request)


@get("/v1/webhooks/deliveries", opt=OPT, tags=_TAGS, summary="The log of all endpoints, the newest first")
async def list_all(request: Request[Any, Any, Any]) -> Page:
    return await _log(None, request)


async def _log(webhook_id: UUID | None, request: Request[Any, Any, Any]) -> Page:
    query = parse_query(DeliveryQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await deliveries(webhook_id, query, before, query.limit + 1)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


@get("/v1/webhooks/deliveries/{delivery_id:uuid}", opt=OPT, tags=_TAGS, summary="One delivery, with its attempts")
async def read_delivery(delivery_id: FromPath[UUID]) -> dict[str, Any]:
    """`body` is what is sent; null where the event is older than thirty days."""
    return await delivery(delivery_id)


@post(
    "/v1/webhooks/deliveries/{delivery_id:uuid}/retry",
    opt=OPT,
    status_code=202,
    tags=_TAGS,
    summary="Send a delivery again at once",
)
async def send_again(delivery_id: FromPath[UUID]) -> dict[str, Any]:
    return await retry(delivery_id)


HANDLERS = [
    create,
    list_endpoints,
    list_all,
    read,
    change,
    remove,
    new_secret,
    test,
    replay,
    list_of_endpoint,
    read_delivery,
    send_again,
]

"""`POST /v1/signup`."""

from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.params import JSONBody

from saas.signup.body import SignUp
from saas.signup.once import Once
from saas.signup.sign_up import sign_up
from saas.signup.throttle import count_sign_up


@post(
    "/v1/signup",
    opt={"auth": "none", "scoped": False, "shows_secret": True},
    summary="A new chain: tenant in trial with its template's programme, first branch, owner, one admin key",
)
async def create(request: Request[Any, Any, Any], data: JSONBody[SignUp]) -> Response[bytes]:
    """With `Idempotency-Key`, the same key and body get the same answer, API key included, for 24 hours."""
    key = request.headers.get("idempotency-key")
    once = Once(key, await request.body()) if key is not None else None
    await count_sign_up(request.client.host if request.client else "")
    answer, replayed = await sign_up(data, once, request.state.get("request_id"))
    headers = {"Cache-Control": "no-store", **({"Idempotent-Replayed": "true"} if replayed else {})}
    return Response(answer, media_type=MediaType.JSON, headers=headers)


HANDLERS = [create]

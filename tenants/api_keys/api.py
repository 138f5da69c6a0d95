"""`/v1/api-keys`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.paging import Page, decode_cursor, page
from saas.principal import KeyScope
from saas.validation import Body, ListQuery, Name, parse_query
from tenants.api_keys.issue import issue_key, keys, revoke_key

OPT = {"requires": "admin", "bound": True}


class NewApiKey(Body):
    """`branch_ids`: the only branches where the key works; none given: everywhere."""

    name: Name
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=20)]
    branch_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None


@post("/v1/api-keys", opt={**OPT, "shows_secret": True}, summary="Issue a key: the answer shows it, once")
async def create(data: JSONBody[NewApiKey]) -> dict[str, Any]:
    return await issue_key(data.name, data.scopes, data.branch_ids)


@get("/v1/api-keys", opt=OPT, summary="Keys without their secrets, newest first")
async def list_keys(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    place = decode_cursor(query.cursor, datetime, str)
    rows = await keys((place[0], place[1]) if place else None, query.limit + 1)
    return page(rows, query.limit, dict, lambda row: (row["created_at"], row["id"]))


@delete("/v1/api-keys/{key_id:str}", opt={**OPT, "although": ("moving",)}, summary="Revoke a key; again is fine")
async def revoke(key_id: FromPath[str]) -> None:
    await revoke_key(key_id)


HANDLERS = [create, list_keys, revoke]

"""`/v1/campaigns` and `/v1/message-texts`."""

from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from pydantic import Field, TypeAdapter

from saas.errors import DomainError, FieldError
from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query, parse_with
from tenants.branches.branch import require_whole_chain
from tenants.campaigns.campaign import (
    campaign_row,
    change_campaign,
    delete_campaign,
    list_campaigns,
    make_campaign,
    shown,
    start_campaign,
    stop_campaign,
)
from tenants.campaigns.document import AnyCampaign, Campaign
from tenants.campaigns.message_texts import delete_text, list_texts, put_text, read_text
from tenants.campaigns.report import report_of
from tenants.campaigns.texts import Message
from tenants.programme.strict import Code

READ = {"requires": "members:read"}
WRITE = {"requires": "programme:write"}
REPORTS = {"requires": "reports:read"}
_NAMES: Final[dict[str, Any]] = {**WRITE, "names": {"code": Code}}
_CAMPAIGN: Final[TypeAdapter[AnyCampaign]] = TypeAdapter(Campaign)
_MESSAGE: Final = TypeAdapter(Message)
_TAGS: Final = Tags("campaign")
_TEXTS: Final = Tags("message_text", "code")


class _Text(Message):
    """The whole text; a `code` in it is that of the path."""

    code: Code = Field(default_factory=str)


class CampaignsQuery(ListQuery):
    """`state`: only those."""

    state: Literal["draft", "running", "stopped"] | None = None


@post("/v1/campaigns", opt=WRITE, takes=_CAMPAIGN, tags=["campaigns"], summary="A new campaign, as a draft")
async def create(data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
    """The body is the campaign's document. It does nothing before it is started."""
    return await make_campaign(_campaign(data))


@get("/v1/campaigns", opt=READ, tags=["campaigns"], summary="Campaigns, the oldest first")
async def list_all(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(CampaignsQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await list_campaigns(after, query.limit + 1, query.state)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


@get("/v1/campaigns/{campaign_id:uuid}", opt={**READ, "tagged": True}, tags=["campaigns"], summary="One campaign")
async def read(request: Request[Any, Any, Any], campaign_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, await _one(campaign_id))


@put(
    "/v1/campaigns/{campaign_id:uuid}",
    opt={**WRITE, "tagged": True},
    takes=_CAMPAIGN,
    tags=["campaigns"],
    summary="Change a draft",
)
async def change(
    request: Request[Any, Any, Any], campaign_id: FromPath[UUID], data: JSONBody[dict[str, Any]]
) -> Response[dict[str, Any]]:
    """The whole document. What ran once doesn't change any more: make another one."""
    campaign = _campaign(data)
    await _TAGS.require(request, campaign_id, partial(_one, campaign_id))
    return _TAGS.answer(request, await change_campaign(campaign_id, campaign))


@delete("/v1/campaigns/{campaign_id:uuid}", opt={**WRITE, "tagged": True}, tags=["campaigns"], summary="Forget a draft")
async def remove(request: Request[Any, Any, Any], campaign_id: FromPath[UUID]) -> None:
    await _TAGS.require(request, campaign_id, partial(_one, campaign_id))
    await delete_campaign(campaign_id)


async def _one(campaign_id: UUID) -> dict[str, Any]:
    return shown(await campaign_row(campaign_id))


@post("/v1/campaigns/{campaign_id:uuid}/start", opt=WRITE, status_code=200, tags=["campaigns"], summary="Switch it on")
async def start(campaign_id: FromPath[UUID]) -> dict[str, Any]:
    return await start_campaign(campaign_id)


@post("/v1/campaigns/{campaign_id:uuid}/stop", opt=WRITE, status_code=200, tags=["campaigns"], summary="Switch it off")
async def stop(campaign_id: FromPath[UUID]) -> dict[str, Any]:
    """Nothing more comes of it, neither of what had been triggered; what was given stays given."""
    return await stop_campaign(campaign_id)


@get(
    "/v1/campaigns/{campaign_id:uuid}/report",
    opt=REPORTS,
    tags=["campaigns"],
    summary="Whom it reached, what they and the control group bought, what it cost",
)
async def report(campaign_id: FromPath[UUID]) -> dict[str, Any]:
    """What the whole chain sold with it: for callers of every branch."""
    require_whole_chain()
    return await report_of(campaign_id)


@get("/v1/message-texts", opt=READ, tags=["campaigns"], summary="Texts that campaigns send, by code")
async def list_message_texts(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, str) or (None,)
    return page(await list_texts(after, query.limit + 1), query.limit, dict, lambda row: (row["code"],))


@get("/v1/message-texts/{code:str}", opt={**READ, "tagged": True}, tags=["campaigns"], summary="One text")
async def read_message_text(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[dict[str, Any]]:
    return _TEXTS.answer(request, await read_text(code))


@put(
    "/v1/message-texts/{code:str}",
    opt={**_NAMES, "tagged": True},
    takes=_Text,
    tags=["campaigns"],
    summary="Make or change a text",
)
async def put_message_text(
    request: Request[Any, Any, Any], code: FromPath[str], data: JSONBody[dict[str, Any]]
) -> Response[dict[str, Any]]:
    """The whole text; its `code` is that of the path. 201 for a new one."""
    message = parse_with(_MESSAGE, msgspec.json.encode({"code": code, **data}))
    if message.code != code:
        raise DomainError("validation-failed", errors=[FieldError("/code", "not-allowed", {"expected": code})])
    await _TEXTS.require(request, code, partial(read_text, code))
    kept, is_new = await put_text(message)
    return _TEXTS.answer(request, kept, status=201 if is_new else 200)


@delete(
    "/v1/message-texts/{code:str}",
    opt={**WRITE, "tagged": True},
    tags=["campaigns"],
    summary="Forget a text that nothing sends",
)
async def remove_message_text(request: Request[Any, Any, Any], code: FromPath[str]) -> None:
    await _TEXTS.require(request, code, partial(read_text, code))
    await delete_text(code)


def _campaign(data: dict[str, Any]) -> AnyCampaign:
    return parse_with(_CAMPAIGN, msgspec.json.encode(data))


HANDLERS = [
    create,
    list_all,
    read,
    change,
    remove,
    start,
    stop,
    report,
    list_message_texts,
    read_message_text,
    put_message_text,
    remove_message_text,
]

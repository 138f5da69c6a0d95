"""`/webhooks`: where events are sent, who took them and who didn't. Everything of one endpoint is on one page."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.forms import texts_of, told
from saas.once import once
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from saas.validation import parse_body
from tenants.events.types import TYPES
from tenants.frame import Frame, frame
from tenants.webhooks.bodies import DeliveryQuery, ReplayBody, TestBody
from tenants.webhooks.delivery import deliveries, delivery, retry, send_test
from tenants.webhooks.endpoint import MOST, delete_endpoint, endpoint, endpoints, rotate
from tenants.webhooks.forms import HOME, PAGE, SAMPLE, page_of, see
from tenants.webhooks.replay import begin_replay
from tenants.webhooks.words import DELIVERY_STATES, ENDPOINT_STATES, ERRORS, NOUNS

OVERLAPS: Final = (24, 168, 0)
"""Hours that the secret before signs along."""
_SHOWN: Final = 50
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(HOME, opt=PAGE, include_in_schema=False)
async def show_all(request: _Request) -> _Answer:
    """Every endpoint, with what waits and what failed."""
    known = await endpoints()
    context = {
        "endpoints": known,
        "room": len(known) < MOST,
        "states": ENDPOINT_STATES,
        "nouns": NOUNS,
        "done": request.query_params.get("done"),
    }
    return await page_of(request, "list.html", context)


@get(f"{HOME}/{{webhook_id:uuid}}", opt=PAGE, include_in_schema=False)
async def show(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """One endpoint and its log; filters in the address, of which what means nothing counts as not given."""
    return await _one(request, webhook_id)


async def _one(request: _Request, webhook_id: UUID, error: DomainError | None = None) -> _Answer:
    state, kind = (request.query_params.get(name, "") for name in ("state", "type"))
    state, kind = state if state in DELIVERY_STATES else "", kind if kind in TYPES else ""
    (before,) = decode_cursor(request.query_params.get("cursor"), UUID) or (None,)
    query = DeliveryQuery.model_validate({"state": state or None, "type": kind or None})
    rows = await deliveries(webhook_id, query, before, _SHOWN + 1)
    shown = rows[:_SHOWN]
    filters = urlencode({name: value for name, value in (("state", state), ("type", kind)) if value})
    path = f"{HOME}/{webhook_id}"
    more = f"{filters}&" if filters else ""
    problem = told(request, error) if error is not None else None
    context = {
        "one": await endpoint(webhook_id),
        "log": shown,
        "given": {"state": state, "type": kind},
        "form": await texts_of(request) if error is not None else {"what": "failed"},
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "first": f"{path}?{filters}#log" if before else None,
        "following": f"{path}?{more}cursor={encode_cursor(shown[-1]['id'])}#log" if len(rows) > _SHOWN else None,
        "states": ENDPOINT_STATES,
        "delivery_states": DELIVERY_STATES,
        "errors": ERRORS,
        "types": list(TYPES),
        "nouns": NOUNS,
        "done": request.query_params.get("done"),
    }
    return await page_of(request, "one.html", context, status=problem.status if problem else 200)


@get(f"{HOME}/{{webhook_id:uuid}}/secret", opt=PAGE, include_in_schema=False)
async def ask_secret(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """Before there is a new one: for how long the old one is good."""
    return await page_of(
        request, "secret.html", {"one": await endpoint(webhook_id), "overlaps": OVERLAPS, "made": None}
    )


@post(
    f"{HOME}/{{webhook_id:uuid}}/secret",
    opt={**PAGE, "shows_secret": True},
    status_code=200,
    include_in_schema=False,
)
async def new_secret(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """Answers with the secret, which is shown this once. Sent again it makes no other."""
    asked = (await texts_of(request)).get("overlap_hours", "")
    hours = int(asked) if asked in {str(one) for one in OVERLAPS} else OVERLAPS[0]
    made: list[dict[str, Any]] = []

    async def make() -> str:
        made.append(await rotate(webhook_id, timedelta(hours=hours)))
        return f"{HOME}/{webhook_id}?done=shown"

    again = await once(request, make)
    if not made:
        return see_other(again)
    return await page_of(
        request, "secret.html", {"one": made[0], "overlaps": OVERLAPS, "made": made[0]["secret"], "sample": SAMPLE}
    )


@get(f"{HOME}/{{webhook_id:uuid}}/delete", opt=PAGE, include_in_schema=False)
async def ask_delete(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    return await page_of(request, "delete.html", {"one": await endpoint(webhook_id)})


@post(f"{HOME}/{{webhook_id:uuid}}/delete", opt=PAGE, include_in_schema=False)
async def delete(webhook_id: FromPath[UUID]) -> _Answer:
    await delete_endpoint(webhook_id)
    return see_other(f"{HOME}?done=deleted")


@post(f"{HOME}/{{webhook_id:uuid}}/test", opt=PAGE, status_code=200, include_in_schema=False)
async def test(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """Leads to the delivery: there one sees what came of it."""
    kind = (await texts_of(request)).get("kind", "")
    try:
        body = parse_body(TestBody, msgspec.json.encode({"type": kind or None}))

        async def make() -> str:
            return see(await send_test(webhook_id, body.type))

        return see_other(await once(request, make))
    except DomainError as error:
        if error.status == 404:  # noqa: PLR2004
            raise
        return await _one(request, webhook_id, error)


@post(f"{HOME}/{{webhook_id:uuid}}/replay", opt=PAGE, status_code=200, include_in_schema=False)
async def replay(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """What failed or waits, or all events of days, both included, by the chain's calendar."""
    form = await texts_of(request)
    try:
        body = parse_body(ReplayBody, msgspec.json.encode(_replay_of(form, await frame())))

        async def make() -> str:
            await begin_replay(webhook_id, body)
            return f"{HOME}/{webhook_id}?done=replay#log"

        return see_other(await once(request, make))
    except DomainError as error:
        if error.status == 404:  # noqa: PLR2004
            raise
        return await _one(request, webhook_id, error)


def _replay_of(form: dict[str, str], around: Frame) -> dict[str, Any]:
    """Raises DomainError `validation-failed`."""
    if form.get("what") != "days":
        return {"failed": True}
    days: dict[str, date] = {}
    for name in ("from", "to"):
        try:
            days[name] = date.fromisoformat(form.get(name, ""))
        except ValueError:
            raise DomainError("validation-failed", errors=[FieldError(f"/{name}", "invalid-date")]) from None
    if not all(date(2000, 1, 1) <= day < date(2199, 12, 31) for day in days.values()):
        raise DomainError("validation-failed", errors=[FieldError("/from", "out-of-range")])
    if days["to"] < days["from"]:
        raise DomainError("validation-failed", errors=[FieldError("/to", "days-crossed")])
    begins, ends = days["from"], days["to"] + timedelta(days=1)
    at = [datetime.combine(day, time.min, around.timezone).astimezone(UTC) for day in (begins, ends)]
    return {"from": at[0].isoformat(), "to": at[1].isoformat()}


@get(f"{HOME}/deliveries/{{delivery_id:uuid}}", opt=PAGE, include_in_schema=False)
async def show_delivery(request: _Request, delivery_id: FromPath[UUID]) -> _Answer:
    """What was sent, and each attempt with its answer."""
    found = await delivery(delivery_id)
    attempts = [{**one, "at": datetime.fromisoformat(one["at"])} for one in found["attempts"]]
    body = msgspec.json.format(msgspec.json.encode(found["body"]), indent=2).decode() if found["body"] else None
    context = {
        "delivery": found,
        "attempts": attempts[::-1],
        "body": body,
        "one": await endpoint(found["webhook_id"]),
        "delivery_states": DELIVERY_STATES,
        "errors": ERRORS,
        "done": request.query_params.get("done"),
    }
    return await page_of(request, "delivery.html", context)


@post(f"{HOME}/deliveries/{{delivery_id:uuid}}/retry", opt=PAGE, include_in_schema=False)
async def send_again(delivery_id: FromPath[UUID]) -> _Answer:
    return see_other(see(await retry(delivery_id)) + "?done=again")


HANDLERS = [
    show_all,
    show,
    ask_secret,
    new_secret,
    ask_delete,
    delete,
    test,
    replay,
    show_delivery,
    send_again,
]

"""`/v1/events`: the feed, and `/v1/event-types`: what may come in it."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from pydantic import AfterValidator, Field

from saas.errors import DomainError, FieldError
from saas.i18n import tongue
from saas.paging import Page, cut, decode_cursor, encode_cursor
from saas.problem_details import language_of
from saas.scope import current
from saas.validation import ListQuery, parse_query
from tenants.events.choosing import require_choice, types_of
from tenants.events.reading import event, events_after, newest, shown
from tenants.events.types import MEMBER, TYPES, EventType

_READ: Final[dict[str, Any]] = {"requires": "reports:read", "or_requires": "webhooks:write"}
_EXAMPLE_ID: Final = "019ab5e1-0a00-7d5e-8f10-2c3b4d5e6f70"
_EXAMPLE_AT: Final = "2026-11-22T02:00:00.412503Z"


def _types(text: str) -> str:
    for named in text.split(","):
        require_choice(named)
    return text


class EventsQuery(ListQuery):
    """`after`: a position; what comes behind it, from the oldest that is kept without it. `type`: types with commas
    between them; `purchase.*` is all of a noun.
    """

    after: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    type: Annotated[str, Field(max_length=2000), AfterValidator(_types)] | None = None


@get("/v1/events", opt=_READ, tags=["events"], summary="The feed of events, by position")
async def list_events(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What happened, in the order of positions, the oldest first; kept for 30 days. `position` is where to go on: ask
    again with `after=` it, now or later, and nothing is missed. `newest` is the last one there is: who wants only what
    is to come begins there.
    """
    _require_whole()
    query = parse_query(EventsQuery, request.query_params.multi_items())
    if query.cursor is not None and query.after is not None:
        raise DomainError("validation-failed", errors=[FieldError("/after", "not-together", {"name": "cursor"})])
    (place,) = decode_cursor(query.cursor, int) or (query.after,)
    last = await newest(place)  # before the events are read: what comes between isn't passed by
    types = [] if query.type is None else types_of(query.type.split(","))
    rows = await events_after(place or 0, types, query.limit + 1)
    data = [shown(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    reached = data[-1]["position"] if data else 0
    return {
        "data": data,
        "next_cursor": encode_cursor(reached) if more else None,
        "position": reached if more else max(reached, last),
        "newest": max(reached, last),
    }


@get("/v1/events/{event_id:uuid}", opt=_READ, tags=["events"], summary="One event")
async def get_event(event_id: FromPath[UUID]) -> dict[str, Any]:
    """As the feed shows it, and as a webhook sends it (its `webhook-id` is the event's id)."""
    _require_whole()
    return shown(await event(event_id))


@get("/v1/event-types", opt=_READ, tags=["events"], summary="Every type of event, with an example")
async def list_event_types(request: Request[Any, Any, Any]) -> Page:
    """What may come in the feed and to webhooks. New types are added without notice: pass by what you don't know."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    say = tongue(language_of(request.scope)).say
    types: list[dict[str, Any]] = [
        {"type": one.code, "description": say(one.about), "example": _example(number, one)}
        for number, one in enumerate(TYPES.values(), 1)
    ]
    return cut(types, query.limit, query.cursor, lambda one: one["type"])


def _example(position: int, one: EventType) -> dict[str, Any]:
    return {
        "id": _EXAMPLE_ID,
        "position": position,
        "type": one.code,
        "occurred_at": _EXAMPLE_AT,
        "member_id": MEMBER if one.member else None,
        "data": one.data,
    }


def _require_whole() -> None:
    """The feed is the whole chain's: a caller of some branches may not read it. Raises DomainError `not-permitted`."""
    if current().principal.branch_ids is not None:
        raise DomainError("not-permitted")


HANDLERS = [list_events, get_event, list_event_types]

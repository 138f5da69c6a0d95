"""`/v1/sandbox`: from the chain, with a live key, the sandbox and its keys; from within, with a test key, its clock and
its letters.
"""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import JSONBody
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from industry_templates import loader
from saas.errors import InvalidValueError
from saas.paging import Page, decode_cursor, page
from saas.principal import KeyScope, Principal
from saas.problem_details import language_of
from saas.sandbox.asking import ask, read, remove, reset
from saas.sandbox.clock import Move, cancel, look, move
from saas.sandbox.keys import issue_test_key
from saas.sandbox.letters import letters
from saas.sandbox.middleware import MOVING
from saas.validation import Body, ListQuery, Name, parse_query
from tenants.branches.branch import require_whole_chain

_OPT: Final[dict[str, Any]] = {"requires": "admin"}
_MOVES: Final[dict[str, Any]] = {**_OPT, "although": (MOVING,)}
_Request = Request[Any, Any, Any]


def _known_template(code: str) -> str:
    if code not in loader.load_all():
        raise InvalidValueError("unknown-template")
    return code


class NewSandbox(Body):
    """`template`: an industry template (with its `variant`) instead of the chain's own set-up. `samples`: sixty made-up
    members with a year of purchases.
    """

    template: Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_template)] | None = None
    variant: Annotated[str, StringConstraints(max_length=64)] | None = None
    samples: bool = False

    @model_validator(mode="after")
    def _has_variant(self) -> Self:
        try:
            if self.variant is not None:
                loader.get(self.template or "").variant(self.variant)
        except LookupError:
            raise InvalidValueError("unknown-variant", at="/variant") from None
        return self

    @property
    def chosen_variant(self) -> str | None:
        """The one that was named, else the template's first."""
        found = None if self.template is None else loader.get(self.template).variant(self.variant)
        return found.code if found else None


class NewTestKey(Body):
    """As of a live key; none is bound to branches."""

    name: Name
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=20)]


@get("/v1/sandbox", opt=_OPT, summary="The chain's sandbox: whether there is one, and how far it is")
async def show() -> dict[str, Any]:
    """`state`: `none`, `making`, `ready`, `resetting`, `removing`, `failed`. Its `id` is the sandbox's tenant."""
    require_whole_chain()
    return await read()


@post("/v1/sandbox", opt=_OPT, status_code=202, summary="Make a sandbox beside the chain")
async def create(request: _Request, data: JSONBody[NewSandbox]) -> dict[str, Any]:
    """A tenant of its own with the chain's rules, offers, texts and branches, and none of its members. A job makes it;
    `GET /v1/sandbox` tells when it is `ready`. Keys for it come from `POST /v1/sandbox/keys`.
    """
    require_whole_chain()
    await ask(data.template, data.chosen_variant, language_of(request.scope), samples=data.samples)
    return await read()


@delete("/v1/sandbox", opt=_OPT, summary="Remove the sandbox with all that is in it")
async def drop() -> None:
    """Its keys end, too. Again is fine."""
    require_whole_chain()
    await remove()


@post("/v1/sandbox/reset", opt=_OPT, status_code=202, summary="Empty the sandbox and make it anew")
async def begin_anew() -> dict[str, Any]:
    """Set up as the chain is by now, on our own clock again. Its id and its keys stay, but for keys that are bound to
    branches; webhooks go.
    """
    require_whole_chain()
    await reset()
    return await read()


@post(
    "/v1/sandbox/keys",
    opt={**_OPT, "scoped": False, "shows_secret": True},
    summary="Issue a key of the sandbox's: the answer shows it, once",
)
async def create_key(request: _Request, data: JSONBody[NewTestKey]) -> dict[str, Any]:
    """`rk_test_…`: it works in the sandbox alone, where it is listed and revoked (`/v1/api-keys`)."""
    principal: Principal = request.scope["state"]["principal"]
    once = request.headers.get("idempotency-key")
    return await issue_test_key(principal, data.name, data.scopes, once, request.scope["state"].get("request_id"))


@get("/v1/sandbox/clock", opt=_OPT, summary="What the sandbox's clock shows, and its last move")
async def show_clock() -> dict[str, Any]:
    """With a test key. `fired` are schedules' instants, `ran` and `failed` the jobs that they and others led to, but
    for what a killed worker hadn't told. `error` says why a move `failed`: `clock-cancelled`, `internal`.
    """
    return await look()


@post("/v1/sandbox/clock", opt=_MOVES, status_code=202, summary="Move the sandbox's clock forward")
async def move_clock(data: JSONBody[Move]) -> dict[str, Any]:
    """With a test key. All that falls due until then happens, in its order and on its day: tiers are decided, points
    and vouchers expire, campaigns run, tasks come up. A job plays it; the clock shows where it is. Meanwhile nothing
    else is written: 409 `clock-running`.
    """
    require_whole_chain()
    await move(data)
    return await look()


@post("/v1/sandbox/clock/cancel", opt=_MOVES, status_code=200, summary="Stop the clock where it has come to")
async def cancel_move() -> dict[str, Any]:
    """With a test key. What was played stays; the move ends as `failed`, its job with the code `clock-cancelled`. One
    that is over stays as it ended.
    """
    require_whole_chain()
    await cancel()
    return await look()


@get("/v1/sandbox/letters", opt=_OPT, summary="What the sandbox would have sent, the newest first")
async def list_letters(request: _Request) -> Page:
    """With a test key: e-mails and messages to members with their texts, of which the last thousand are kept."""
    require_whole_chain()
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await letters(before, query.limit + 1), query.limit, dict, lambda row: (row["id"],))


HANDLERS = [show, create, drop, begin_anew, create_key, show_clock, move_clock, cancel_move, list_letters]

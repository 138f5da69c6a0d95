"""`/v1/configuration`: how a chain is set up, to be copied into another."""

from typing import Any, Final

from litestar import Request, get, put
from litestar.params import JSONBody

from saas.currency import add_currency
from saas.i18n import tongue
from saas.problem_details import language_of, problem_body, request_id_of
from saas.validation import Body
from tenants.configuration.applying import take_over
from tenants.configuration.document import Configuration
from tenants.configuration.reading import configuration
from tenants.configuration.wording import changes_of, summary, told

_OPT: Final[dict[str, Any]] = {"requires": "admin"}


class TakeOver(Body):
    """`dry_run`: only tell what would change."""

    document: Configuration
    dry_run: bool = False


@get("/v1/configuration", opt=_OPT, summary="How the chain is set up, as a document that another chain takes")
async def read() -> dict[str, Any]:
    """The rules in force, coupons, price lists, segments, rewards, message texts, campaigns, rules of call lists, what
    clerks may do alone, the sign-up page. No branches, staff or keys, and nothing of any member.
    """
    return await configuration()


@put("/v1/configuration", opt=_OPT, summary="Take a set-up over, or with dry_run tell what would change")
async def put_configuration(request: Request[Any, Any, Any], data: JSONBody[TakeOver]) -> dict[str, Any]:
    """What is new is made, what differs is changed, what the document doesn't name stays. The rules become the draft,
    to be published as ever; campaigns come as drafts. What can't be taken over is `refused` with its `error`, and the
    rest is done: publish the draft, or open the branches that are missing, and send the same again.
    """
    language = language_of(request.scope)
    items = await take_over(data.document, language, dry_run=data.dry_run)
    speaks, instance = tongue(language), request_id_of(request.scope)
    await add_currency(item.error for item in items if item.error is not None)
    listed = [
        {
            "part": item.part,
            "code": item.code or None,
            "outcome": item.outcome,
            "text": told(item, speaks),
            "changes": changes_of(item, speaks),
            "error": None
            if item.error is None
            else problem_body(item.error.code, item.error.params, item.error.errors, language, instance),
        }
        for item in items
    ]
    return {"dry_run": data.dry_run, **summary(items), "data": listed}


HANDLERS = [read, put_configuration]

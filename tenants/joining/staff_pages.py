"""`/joining`: posters with a QR code for each branch, and what the sign-up page says."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.scope import current, tenant_scope
from tenants.branches.branch import branches
from tenants.cards.qr import qr_svg
from tenants.digital_card.showing import chain_on_card
from tenants.frame import frame
from tenants.joining.codes import code_of, codes_in_use, join_address, our_code, renew_code
from tenants.joining.offering import offered
from tenants.joining.settings import LONGEST_WORDS, change_join_page, join_page

_PAGE: Final = "/joining"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write", "scoped": False}
_OWNER: Final[dict[str, Any]] = {**_OPT, "requires": "admin"}
_BRANCHES: Final = 1_000
_DONE: Final = frozenset({"renewed", "saved"})
_Request = Request[Any, Any, Any]


@get(_PAGE, opt=_OPT, include_in_schema=False)
async def joining(request: _Request) -> Response[Any]:
    """Every branch with its poster."""
    return await _joining_page(request)


@post(_PAGE, opt=_OPT, status_code=200, include_in_schema=False)
async def poster_for(request: _Request) -> Response[Any]:
    """`act`: make a branch's code, or another one in its place; no `branch_id` is the whole chain."""
    form = await texts_of(request)
    wanted, named = form.get("act"), form.get("branch_id", "")
    try:
        branch_id = UUID(named) if named else None
    except ValueError:
        raise DomainError("not-found") from None
    if wanted not in {"make", "renew"}:
        raise DomainError("bad-request")
    async with _scope(request):
        code = await (code_of(branch_id) if wanted == "make" else renew_code(branch_id))
    return see_other(f"{_PAGE}/{code}" if wanted == "make" else f"{_PAGE}?done=renewed")


@post(f"{_PAGE}/page", opt=_OWNER, status_code=200, include_in_schema=False)
async def settings(request: _Request) -> Response[Any]:
    """Open or not, the chain's own words, its privacy notice."""
    form = await texts_of(request)
    words = {"zh-CN": form.get("words_zh", ""), "en": form.get("words_en", "")}
    try:
        async with _scope(request):
            await change_join_page(
                is_open=form.get("open") == "yes", words=words, privacy_url=form.get("privacy_url", "")
            )
    except DomainError as error:
        return await _joining_page(request, form, error)
    return see_other(f"{_PAGE}?done=saved")


async def _joining_page(
    request: _Request, form: dict[str, str] | None = None, error: DomainError | None = None
) -> Response[Any]:
    async with _scope(request):
        page, codes, who = await join_page(), await codes_in_use(), current().principal
        shops = [one for one in await branches(None, _BRANCHES) if one["closed_at"] is None and who.may_at(one["id"])]
        places = [{"id": one["id"], "name": one["name"], "code": codes.get(one["id"])} for one in shops]
        context = {
            "frame": await frame(),
            "chain_wide": who.branch_ids is None,
            "chain_code": codes.get(None),
            "places": places,
            "page": page,
            "may_change": who.may("admin"),
            "longest": LONGEST_WORDS,
        }
    kept = {
        "open": "yes" if page.open else "",
        "words_zh": page.words.get("zh-CN", ""),
        "words_en": page.words.get("en", ""),
        "privacy_url": page.privacy_url or "",
    }
    done, problem = request.query_params.get("done"), told(request, error) if error else None
    context |= {
        "form": form or kept,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": done if done in _DONE and form is None else None,
    }
    return render_page(request, "joining/joining.html", context, status=problem.status if problem else 200)


@get(f"{_PAGE}/{{code:str}}", opt=_OPT, include_in_schema=False)
async def poster(request: _Request, code: FromPath[str]) -> Response[Any]:
    """The sheet to print."""
    speaks = reader_of(request).tongue
    async with _scope(request):
        branch_id = await our_code(code)
        chain, page = await chain_on_card(), await join_page()
        shops = {one["id"]: one["name"] for one in await branches(None, _BRANCHES)}
        context = {
            "chain": chain,
            "branch": shops.get(branch_id) if branch_id else None,
            "words": page.words.get(speaks.language),
            "address": join_address(code),
            "qr": qr_svg(join_address(code)),
            **await offered(chain, speaks),
        }
    return render_page(request, "joining/poster.html", context)


def _scope(request: _Request) -> Any:
    who: Principal = request.scope["state"]["principal"]
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return tenant_scope(who.tenant_id, principal=who, request_id=request.scope["state"].get("request_id"))


HANDLERS = [joining, poster_for, settings, poster]

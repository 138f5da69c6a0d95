"""The console's pages: the installation, its chains, its jobs, and what operators did."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath

from saas import dead_letters
from saas.console import acts, looking
from saas.console.frame import Handlers, act, page, shown
from saas.console.sessions import Entered, entered, posted
from saas.db import role_pool
from saas.doctor import examine
from saas.errors import DomainError
from saas.forms import Told, told
from saas.operators import accounts
from saas.operators.tenants import sizes
from saas.outgoing import health
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor

_ACTS: Final = 50
_LETTERS: Final = 50
_ENDPOINTS: Final = 100
_LONGEST_REASON: Final = 300
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@page("/operator")
async def overview(request: _Request) -> _Answer:
    """How the installation is, and what was done lately."""
    who = await entered(request)
    context = {
        "now": await looking.installation(),
        "states": looking.STATES,
        "findings": sorted(await examine(), key=lambda one: ("wrong", "doubtful", "ok").index(one.state)),
        "acts": await acts.read(limit=10),
    }
    return shown(request, who, "overview.html", context)


@page("/operator/chains")
async def chains(request: _Request) -> _Answer:
    """All chains, the newest first, by state and by what is searched for."""
    who, given = await entered(request), request.query_params
    state, q = given.get("state") or None, (given.get("q") or "").strip() or None
    found = await looking.chains(state, q, _after(given.get("cursor")), looking.PAGE + 1)
    lines, more = found[: looking.PAGE], len(found) > looking.PAGE
    asked = {name: value for name, value in (("state", state), ("q", q)) if value}
    context = {
        "lines": lines,
        "states": looking.STATES,
        "state": state,
        "q": q or "",
        "first": _address(asked) if given.get("cursor") else None,
        "following": _address({**asked, "cursor": _cursor(lines[-1])}) if more else None,
        "by_state": [(one, _address({**asked, "state": one})) for one in looking.STATES],
        "every": _address({name: value for name, value in asked.items() if name != "state"}),
    }
    return shown(request, who, "chains.html", context)


@page("/operator/chains/{chain_id:uuid}")
async def chain(request: _Request, chain_id: FromPath[UUID]) -> _Answer:
    """One chain's account, size, proofs and dead letters. The look is recorded."""
    who = await entered(request)
    return await _chain_page(request, who, chain_id)


@act("/operator/chains/{chain_id:uuid}")
async def do_to_chain(request: _Request, chain_id: FromPath[UUID]) -> _Answer:
    """Suspends, resumes, or marks an invoice as paid; each is recorded before it is tried."""
    who, form = await posted(request)
    await _known(chain_id)
    wanted, reason = form.get("act"), " ".join(form.get("reason", "").split())[:_LONGEST_REASON]
    if wanted not in {"suspend", "resume", "mark-paid"}:
        raise DomainError("bad-request")
    if wanted != "mark-paid" and not reason:
        return await _chain_page(request, who, chain_id, lacks_reason=True)
    try:
        if wanted == "mark-paid":
            invoice = form.get("invoice", "")[:_LONGEST_REASON]
            await acts.write(who.operator.id, wanted, who.address, chain=chain_id, invoice=invoice)
            await accounts.mark_paid(chain_id, invoice)
        else:
            await acts.write(who.operator.id, wanted, who.address, chain=chain_id, reason=reason)
            await accounts.hold(chain_id, held=wanted == "suspend", reason=f"{reason} ({who.operator.email})")
    except DomainError as error:
        return await _chain_page(request, who, chain_id, problem=told(request, error))
    return see_other(f"/operator/chains/{chain_id}")


@page("/operator/jobs")
async def jobs(request: _Request) -> _Answer:
    """What waits and what failed for good."""
    who, name = await entered(request), request.query_params.get("name") or None
    letters = await dead_letters.list_dead(name=name, limit=_LETTERS)
    context = {"names": await looking.jobs_by_name(), "letters": letters, "name": name}
    return shown(request, who, "jobs.html", context)


@act("/operator/jobs")
async def do_to_jobs(request: _Request) -> _Answer:
    """Sends dead letters again (one, or all of a name), or drops one for good."""
    who, form = await posted(request)
    wanted, name, job_id = form.get("act"), form.get("name") or None, _uuid(form.get("id"))
    if wanted == "retry" and (name or job_id):
        await acts.write(who.operator.id, "jobs-retry", who.address, name=name, id=str(job_id) if job_id else None)
        await dead_letters.retry(name=None if job_id else name, job_id=job_id)
    elif wanted == "drop" and job_id is not None:
        for letter in await dead_letters.list_dead(job_id=job_id):
            kept = {"name": letter.name, "id": str(job_id), "payload": looking.plain(letter.payload)}
            await acts.write(who.operator.id, "jobs-drop", who.address, chain=letter.tenant_id, **kept)
            await dead_letters.drop(job_id=job_id)
    else:
        raise DomainError("bad-request")
    back = form.get("back")
    return see_other("/operator/jobs" + (f"?{urlencode({'name': back})}" if back else ""))


@page("/operator/webhooks")
async def webhooks(request: _Request) -> _Answer:
    """Whose servers fail, and whether events wait for us."""
    who, pool = await entered(request), await role_pool("operator")
    context = {
        "now": await health.endpoints(pool),
        "troubled": await health.troubled(pool, _ENDPOINTS),
        "unnumbered": await health.unnumbered(pool, _ENDPOINTS, for_longer_than="10 seconds"),
        "counted": health.COUNTED,
    }
    return shown(request, who, "webhooks.html", context)


@page("/operator/acts")
async def all_acts(request: _Request) -> _Answer:
    """Who of us did what, when, from where."""
    who = await entered(request)
    before = _uuid(request.query_params.get("before"))
    found = await acts.read(before=before, limit=_ACTS + 1)
    following = f"/operator/acts?before={found[_ACTS - 1].id}" if len(found) > _ACTS else None
    context = {"acts": found[:_ACTS], "following": following, "first": "/operator/acts" if before else None}
    return shown(request, who, "acts.html", context)


async def _chain_page(
    request: _Request, who: Entered, chain_id: UUID, *, problem: Told | None = None, lacks_reason: bool = False
) -> _Answer:
    line = await _known(chain_id)
    if request.method == "GET":
        await acts.write(who.operator.id, "look", who.address, chain=chain_id)
    context = {
        "line": line,
        "sizes": await sizes(chain_id),
        "invoices": await looking.invoices(chain_id),
        "proofs": await looking.proofs(chain_id),
        "refused": await looking.reports_refused(chain_id),
        "letters": await dead_letters.list_dead(tenant_id=chain_id, limit=20),
        "acts": await acts.read(chain_id, limit=20),
        "problem": problem,
        "lacks_reason": lacks_reason,
    }
    status = problem.status if problem else 422 if lacks_reason else 200
    return shown(request, who, "chain.html", context, status=status)


async def _known(chain_id: UUID) -> looking.ChainLine:
    line = await looking.chain(chain_id)
    if line is None:
        raise DomainError("not-found")
    return line


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    place = decode_cursor(cursor or None, datetime, UUID)
    return None if place is None else (place[0], place[1])


def _cursor(line: looking.ChainLine) -> str:
    return encode_cursor(line.created_at, line.tenant_id)


def _address(asked: dict[str, str]) -> str:
    return "/operator/chains" + (f"?{urlencode(asked)}" if asked else "")


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


HANDLERS: Handlers = [overview, chains, chain, do_to_chain, jobs, do_to_jobs, webhooks, all_acts]

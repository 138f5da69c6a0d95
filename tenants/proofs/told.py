"""What an owner is told: when everything was proved, of how many members, what couldn't be, and what differs."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DEFAULT_LANGUAGE, Language
from saas.i18n import n_, tongue
from saas.paging import Page, page
from saas.scope import connection, current
from tenants.proofs.slices import progress_of
from tenants.verifying.ledgers import CHECKS

FIRST: Final = 20

_PROOFS: Final = """
(SELECT * FROM proof WHERE tenant_id = $1 AND finished_at IS NULL)
UNION ALL (SELECT * FROM proof WHERE tenant_id = $1 AND state = 'done' ORDER BY id DESC LIMIT 1)
UNION ALL (SELECT * FROM proof WHERE tenant_id = $1 AND state = 'failed' ORDER BY id DESC LIMIT 1)"""
_LAST_OF_ALL: Final = "SELECT * FROM proof WHERE tenant_id = $1 AND state = 'done' ORDER BY id DESC LIMIT 1"
_LAST: Final = "SELECT id FROM proof WHERE tenant_id = $1 AND state = 'done' ORDER BY id DESC LIMIT 1"
_DIFFERENCES: Final = (
    "SELECT * FROM proof_difference WHERE tenant_id = $1 AND proof_id = $2 AND n > $3 ORDER BY n LIMIT $4"
)


async def read_proof(language: Language) -> dict[str, Any]:
    """The last proof that came to its end, with its first differences, and the one under way."""
    rows = await connection().fetch(_PROOFS, current().tenant_id)
    by_state: dict[str, asyncpg.Record] = {row["state"]: row for row in rows}
    last, failed = by_state.get("done"), by_state.get("failed")
    under_way = by_state.get("running") or by_state.get("waiting")
    answer: dict[str, Any] = {
        "state": _state(last),
        "text": _text(last, language),
        "proved_on": None,
        "members": 0,
        "unproved": [],
        "differences": {"count": 0, "data": [], "next_cursor": None},
        "under_way": None if under_way is None else _under_way(under_way),
        "failed_at": failed["finished_at"] if failed is not None and _newer(failed, last) else None,
    }
    if last is not None:
        answer |= {name: last[name] for name in ("id", "started_at", "finished_at", "proved_on", "members")}
        answer["checks"] = {"done": last["checks"] - len(last["too_long"]), "of": len(CHECKS)}
        answer["unproved"] = _unproved(last, language)
        first = await read_differences(language, (last["id"], 0), FIRST)
        answer["differences"] = {"count": last["differences"], **first}
    return answer


async def last_said(language: Language) -> tuple[str, str]:
    """`state` and `text` of `read_proof` alone, for who sees them in passing."""
    last = await connection().fetchrow(_LAST_OF_ALL, current().tenant_id)
    return _state(last), _text(last, language)


async def read_differences(language: Language, after: tuple[UUID, int] | None, limit: int) -> Page:
    """Differences of the last proof that came to its end; a cursor stays with the proof that it was given for."""
    proof_id, n = after or (await connection().fetchval(_LAST, current().tenant_id), 0)
    if proof_id is None:
        return {"data": [], "next_cursor": None}
    rows = await connection().fetch(_DIFFERENCES, current().tenant_id, proof_id, n, limit + 1)
    return page(rows, limit, lambda row: _difference(row, language), lambda row: (row["proof_id"], row["n"]))


def _state(last: asyncpg.Record | None) -> str:
    if last is None:
        return "never"
    return "differs" if last["differences"] else "proved"


def _newer(failed: asyncpg.Record, last: asyncpg.Record | None) -> bool:
    return last is None or bool(failed["finished_at"] > last["finished_at"])


def _text(last: asyncpg.Record | None, language: Language) -> str:
    """One sentence."""
    to = tongue(language)
    if last is None:
        return to.say(n_("Not proved yet."))
    day, members = to.day(last["proved_on"]), to.number(last["members"])
    if not last["differences"]:
        return to.say(
            n_("Proved on %(day)s: all that is stored of %(members)s members is what their facts give."),
            day=day,
            members=members,
        )
    return to.say(
        n_("Proved on %(day)s, of %(members)s members: %(differences)s differences."),
        day=day,
        members=members,
        differences=to.number(last["differences"]),
    )


def _unproved(last: asyncpg.Record, language: Language) -> list[dict[str, Any]]:
    """What couldn't be proved, and why."""
    to = tongue(language)
    told: list[dict[str, Any]] = []
    if last["erased"]:
        text = to.say(n_("Erased members: their facts are gone, so that nothing can be decided again."))
        told.append({"why": "erased", "members": last["erased"], "text": text})
    for check in last["too_long"]:
        text = to.say(n_("This check of the ledgers took too long for a night; the operator can run it by hand."))
        told.append({"why": "too-long", "check": check, "text": text})
    return told


def _under_way(proof: asyncpg.Record) -> dict[str, Any]:
    counted = {name: proof[name] for name in ("id", "state", "started_at", "members", "differences")}
    return {**counted, "progress": round(progress_of(proof), 4)}


def _difference(row: asyncpg.Record, language: Language) -> dict[str, Any]:
    why: Mapping[str, str] = row["why"]
    told = {name: row[name] for name in ("n", "kind", "member_id", "what", "expected", "stored")}
    return {**told, "text": why.get(language) or why[DEFAULT_LANGUAGE]}

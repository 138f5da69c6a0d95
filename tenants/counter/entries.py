"""Today's entries of a branch: what was taken, given and moved, the newest first, and which of it may be undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.clock import tenant_now
from saas.i18n import Tongue, n_
from saas.scope import connection, current
from tenants.counter.place import Place
from tenants.frame import Frame
from tenants.members.phones import mask_phone
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import local_day
from tenants.shifts.words import TENDER_NAMES

MOST: Final = 50
WITHIN: Final = timedelta(minutes=15)
KINDS: Final = {
    "purchase": (n_("Purchase"), "receipt-text"),
    "refund": (n_("Given back"), "undo-2"),
    "top_up": (n_("Top-up"), "wallet"),
    "wallet_refund": (n_("Stored value paid out"), "banknote"),
    "pass_sell": (n_("Pass sold"), "ticket"),
    "pass_use": (n_("Visit by pass"), "calendar-check"),
    "pass_refund": (n_("Pass paid back"), "banknote"),
    "points_redeem": (n_("Points spent"), "coins"),
    "points_adjust": (n_("Points by hand"), "coins"),
    "claim": (n_("Reward claimed"), "gift"),
    "activity": (n_("Activity"), "footprints"),
    "allowance": (n_("Free use"), "sparkles"),
}
_HEAD: Final = (
    "{0}.tenant_id = $1 AND {0}.branch_id = $2 AND {0}.recorded_at >= $3 AND ($4::text IS NULL OR {0}.actor = $4)"
)
_TAIL: Final = "ORDER BY {0}.recorded_at DESC LIMIT $5"


def _arm(alias: str, table: str, columns: str, and_: str = "") -> str:
    return (
        f"(SELECT {columns}, {alias}.id, {alias}.member_id, {alias}.recorded_at, {alias}.actor"
        f" FROM {table} {alias} WHERE {_HEAD.format(alias)}{and_} {_TAIL.format(alias)})"
    )


# kind, money (out is negative), points, what it is about, undone
_ARMS: Final = (
    _arm(
        "p",
        "purchase",
        "'purchase' AS kind, p.amount AS money, NULL::bigint AS points, p.external_id AS about, EXISTS (SELECT FROM"
        " purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id) AS undone, p.tenders",
        " AND p.source = 'api'",
    ),
    _arm("r", "refund", "'refund', -r.amount, NULL, r.external_id, false, r.tenders", " AND r.source = 'api'"),
    _arm(
        "t",
        "top_up",
        "'top_up', t.amount, NULL, t.external_id, EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1"
        " AND u.top_up_id = t.id), t.tenders",
    ),
    _arm("w", "wallet_refund", "'wallet_refund', -w.paid_out, NULL, w.external_id, false, NULL::jsonb"),
    _arm(
        "e",
        "pass_entry",
        "'pass_' || e.kind, nullif(e.amount, 0), NULL, (SELECT s.product FROM pass s WHERE s.tenant_id = $1"
        " AND s.id = e.pass_id), EXISTS (SELECT FROM pass_entry u WHERE u.tenant_id = $1 AND u.kind = 'undo_use'"
        " AND u.source_id = e.id), NULL",
        " AND e.kind <> 'undo_use'",
    ),
    _arm(
        "a",
        "points_act",
        "'points_' || a.act, NULL, CASE a.act WHEN 'redeem' THEN -a.points ELSE a.points END, a.reason, false, NULL",
    ),
    _arm(
        "c",
        "reward_claim",
        "'claim', NULL, -c.points, (SELECT w.code FROM reward w WHERE w.tenant_id = $1 AND w.id = c.reward_id),"
        " c.state = 'cancelled', NULL",
    ),
    _arm("v", "activity", "'activity', NULL, NULL, v.kind, false, NULL", " AND v.source = 'api'"),
    _arm(
        "l",
        "allowance_use",
        "'allowance', NULL, NULL, l.product, EXISTS (SELECT FROM allowance_use u WHERE u.tenant_id = $1"
        " AND u.undoes = l.id), NULL",
        " AND l.uses = 1",
    ),
)
_READ: Final = f"""
SELECT e.*, m.name, m.card_no, m.phone, coalesce(m.merged_into, m.id) AS leads_to, s.name AS clerk,
       coalesce((SELECT r.refunded FROM purchase_refunded r WHERE r.tenant_id = $1 AND r.purchase_id = e.id), 0) AS back
  FROM ({" UNION ALL ".join(_ARMS)}) AS e
  LEFT JOIN member m ON m.tenant_id = $1 AND m.id = e.member_id
  LEFT JOIN staff s ON s.tenant_id = $1 AND 'staff:' || s.id = e.actor
 ORDER BY e.recorded_at DESC, e.id DESC LIMIT $5"""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry for people. `undoes`: it may be taken back here and now, by who entered it. `receipt`: there is one."""

    kind: str
    id: UUID
    label: str
    sign: str
    member_id: UUID | None
    who: str
    about: str
    value: str
    state: str
    clerk: str
    at: str
    undoes: bool
    receipt: str | None
    returns: bool


async def entries(place: Place, around: Frame, speaks: Tongue, *, mine: bool) -> list[Line]:
    """Those of today at the place: the clerk's own, or everybody's."""
    now = await tenant_now()
    midnight = schedule_instant(local_day(now, around.timezone), around.timezone)
    actor = current().principal.actor
    rows = await connection().fetch(
        _READ, current().tenant_id, place.branch_id, midnight, actor if mine else None, MOST
    )
    last = next((r["id"] for r in rows if r["kind"] in _SALES and not r["undone"] and r["actor"] == actor), None)
    return [_line(row, last, now, around, speaks) for row in rows]


_SALES: Final = frozenset({"purchase", "top_up"})
_BY_TIME: Final = frozenset({"pass_use", "allowance", "claim"})


def _line(row: asyncpg.Record, last: UUID | None, now: datetime, around: Frame, speaks: Tongue) -> Line:
    label, sign = KINDS[row["kind"]]
    own = row["actor"] == current().principal.actor and now - row["recorded_at"] <= WITHIN and not row["undone"]
    undoes = own and not row["back"] and (row["id"] == last if row["kind"] in _SALES else row["kind"] in _BY_TIME)
    receipt = f"/counter/receipts/{row['kind'].replace('_', '-')}/{row['id']}" if row["kind"] in _SALES else None
    return Line(
        row["kind"],
        row["id"],
        speaks.say(label),
        sign,
        row["leads_to"],
        _who(row, speaks),
        row["about"] or "",
        _value(row, around, speaks),
        _state(row, around, speaks),
        row["clerk"] or "",
        f"{row['recorded_at'].astimezone(around.timezone):%H:%M}",
        undoes,
        receipt,
        row["kind"] == "purchase" and not row["undone"] and row["back"] < (row["money"] or 0),
    )


def _who(row: asyncpg.Record, speaks: Tongue) -> str:
    if row["member_id"] is None:
        return speaks.say("Guest")
    known: str = row["name"] or row["card_no"] or mask_phone(row["phone"])
    return known or speaks.say("Unnamed")


def _value(row: asyncpg.Record, around: Frame, speaks: Tongue) -> str:
    if row["money"] is not None:
        return speaks.money(row["money"], around.currency)
    if row["points"] is None:
        return ""
    signed = ("+" if row["points"] > 0 else "−") + speaks.number(abs(row["points"]))
    return speaks.say("%(n)s points", n=signed)


def _state(row: asyncpg.Record, around: Frame, speaks: Tongue) -> str:
    if row["undone"]:
        return speaks.say("Undone")
    if row["back"]:
        return speaks.say("%(amount)s given back", amount=speaks.money(row["back"], around.currency))
    return ""


def tenders_in_words(tenders: Any, speaks: Tongue) -> list[tuple[str, int]]:
    """How something was paid: (name, minor units)."""
    return [(speaks.say(TENDER_NAMES.get(one["type"], n_("Other"))), one["amount"]) for one in tenders or ()]

"""What an export has for people: a CSV for each thing that they call by a name, to be opened in a spreadsheet.

Money in whole currency units, instants in the chain's own time, branches by their code. No cell runs as a formula. The
exact copy of every row lies beside them as NDJSON; these are not read back.
"""

from dataclasses import dataclass
from typing import Final

MARK: Final = "\ufeff"
"""So that a spreadsheet takes it for UTF-8."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`columns`: name → SQL; `source` is the rest of the SELECT. Placeholders: `tenant` (a UUID), `unit` (how many
    minor units make one), `places` (decimals).
    """

    name: str
    columns: dict[str, str]
    source: str

    def select(self, tenant: str, unit: int, places: int) -> str:
        """The whole SELECT."""
        cells = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        return f"SELECT {cells} {self.source}".format(tenant=tenant, unit=unit, places=places)

    @property
    def head(self) -> bytes:
        """The first line, with the mark."""
        return (MARK + ",".join(self.columns) + "\r\n").encode()


def _text(sql: str) -> str:
    """A text that no spreadsheet takes for a formula (as `saas.csv_text` does it)."""
    return f"CASE WHEN left({sql}, 1) IN ('=', '+', '-', '@', E'\\t', E'\\r') THEN '''' || {sql} ELSE {sql} END"


def _money(sql: str) -> str:
    return f"round(({sql})::numeric / {{unit}}, {{places}})"


def _time(sql: str) -> str:
    return f"to_char({sql} AT TIME ZONE c.timezone, 'YYYY-MM-DD HH24:MI:SS')"


def _phone(sql: str) -> str:
    """As people of the country write it: a plus is a formula's beginning."""
    return _text(f"(CASE WHEN {sql} ^@ '+86' THEN substr({sql}, 4) ELSE {sql} END)")


def _of(table: str) -> str:
    """`x` is the table, `c` the chain."""
    return f"FROM {table} AS x JOIN tenant AS c ON c.tenant_id = x.tenant_id"


def _where(order: str) -> str:
    return f" WHERE x.tenant_id = {{tenant}} ORDER BY {order}"


_BRANCH: Final = " LEFT JOIN branch AS b ON b.tenant_id = x.tenant_id AND b.id = x.branch_id"
_WHO: Final = {"member_id": "x.member_id"}
_AT: Final = {"branch": _text("b.code")}

SHEETS: Final = (
    Sheet(
        "members",
        {
            "id": "x.id",
            "external_id": _text("x.external_id"),
            "phone": _phone("x.phone"),
            "card_no": _text("x.card_no"),
            "name": _text("x.name"),
            "birthday": "x.birthday",
            "gender": "x.gender",
            "joined_on": "x.joined_on",
            "branch": _text("b.code"),
            "kind": "x.kind",
            "status": "x.status",
            "tags": _text(
                "(SELECT string_agg(g.tag, ', ' ORDER BY g.tag) FROM member_tag AS g"
                " WHERE g.tenant_id = x.tenant_id AND g.member_id = x.id)"
            ),
            "points": "coalesce(p.open - p.debt, 0)",
            "principal": _money("coalesce(w.principal, 0)"),
            "bonus": _money("coalesce(w.bonus, 0)"),
            "purchases": "coalesce(s.purchases, 0)",
            "spend": _money("coalesce(s.spend, 0)"),
            "last_purchase": "s.last_day",
            "referrer_id": "x.referrer_id",
            "merged_into": "x.merged_into",
            "created_at": _time("x.created_at"),
        },
        _of("member") + _BRANCH + " LEFT JOIN points_account AS p ON p.tenant_id = x.tenant_id AND p.member_id = x.id"
        " LEFT JOIN wallet_account AS w ON w.tenant_id = x.tenant_id AND w.member_id = x.id"
        " LEFT JOIN member_total AS s ON s.tenant_id = x.tenant_id AND s.member_id = x.id" + _where("x.id"),
    ),
    Sheet(
        "cards",
        {
            "number": _text("x.number"),
            **_WHO,
            "state": "x.state",
            "issued_at": _time("x.issued_at"),
            "replaced_by": _text("x.replaced_by"),
        },
        _of("card") + _where("x.number"),
    ),
    Sheet(
        "consents",
        {
            **_WHO,
            "channel": "x.channel",
            "granted": "x.granted",
            "recorded_at": _time("x.recorded_at"),
            "source": _text("x.source"),
            "actor": _text("x.actor"),
        },
        _of("consent") + _where("x.id"),
    ),
    Sheet(
        "purchases",
        {
            "id": "x.id",
            "external_id": _text("x.external_id"),
            **_WHO,
            **_AT,
            "occurred_at": _time("x.occurred_at"),
            "list_amount": _money("x.list_amount"),
            "amount": _money("x.amount"),
            "refunded": _money("coalesce(r.refunded, 0)"),
            "category": _text("x.category"),
            "sold_by": _text("x.sold_by"),
            "undone_at": _time("e.recorded_at"),
            "recorded_at": _time("x.recorded_at"),
            "source": "x.source",
        },
        _of("purchase")
        + _BRANCH
        + " LEFT JOIN purchase_refunded AS r ON r.tenant_id = x.tenant_id AND r.purchase_id = x.id"
        " LEFT JOIN purchase_undone AS e ON e.tenant_id = x.tenant_id AND e.purchase_id = x.id" + _where("x.id"),
    ),
    Sheet(
        "refunds",
        {
            "id": "x.id",
            "external_id": _text("x.external_id"),
            "purchase_id": "x.purchase_id",
            **_WHO,
            **_AT,
            "amount": _money("x.amount"),
            "reason": _text("x.reason"),
            "recorded_at": _time("x.recorded_at"),
        },
        _of("refund") + _BRANCH + _where("x.id"),
    ),
    Sheet(
        "activities",
        {
            "id": "x.id",
            "external_id": _text("x.external_id"),
            **_WHO,
            **_AT,
            "kind": _text("x.kind"),
            "value": "x.value",
            "occurred_at": _time("x.occurred_at"),
            "recorded_at": _time("x.recorded_at"),
        },
        _of("activity") + _BRANCH + _where("x.id"),
    ),
    Sheet(
        "tiers",
        {
            **_WHO,
            "ladder": _text("x.ladder"),
            "tier": _text("x.tier"),
            "since": "x.since",
            "reason": "x.reason",
            "valid_until": "x.valid_until",
            "locked_until": "x.locked_until",
        },
        _of("member_tier") + _where("x.member_id, x.ladder"),
    ),
    Sheet(
        "decisions",
        {
            "id": "x.id",
            **_WHO,
            "ladder": _text("x.ladder"),
            "from_tier": _text("x.from_tier"),
            "to_tier": _text("x.to_tier"),
            "reason": "x.reason",
            "effective_at": _time("x.effective_at"),
            "programme_version": "x.programme_version",
            "cause": "x.cause",
        },
        _of("decision") + _where("x.id"),
    ),
    Sheet(
        "points",
        {
            "id": "x.id",
            **_WHO,
            "kind": "x.kind",
            "points": "x.points",
            "balance": "x.balance",
            "day": "x.day",
            **_AT,
            "reason": _text("x.reason"),
            "recorded_at": _time("x.recorded_at"),
        },
        _of("points_entry") + _BRANCH + _where("x.id"),
    ),
    Sheet(
        "stored_value",
        {
            "id": "x.id",
            **_WHO,
            "kind": "x.kind",
            "debit": "x.debit",
            "credit": "x.credit",
            "amount": _money("x.amount"),
            "principal_after": _money("x.principal_after"),
            "bonus_after": _money("x.bonus_after"),
            **_AT,
            "reason": _text("x.reason"),
            "recorded_at": _time("x.recorded_at"),
        },
        _of("wallet_entry") + _BRANCH + _where("x.id"),
    ),
    Sheet(
        "passes",
        {
            "id": "x.id",
            "external_id": _text("x.external_id"),
            **_WHO,
            **_AT,
            "product": _text("x.product"),
            "uses": "x.uses",
            "uses_left": 'x."left"',
            "price": _money("x.price"),
            "valid_until": "x.valid_until",
            "recorded_at": _time("x.recorded_at"),
        },
        _of("pass") + _BRANCH + _where("x.id"),
    ),
    Sheet(
        "coupons",
        {
            "id": "x.id",
            "coupon": _text("x.code"),
            "number": _text("x.number"),
            **_WHO,
            "state": "x.state",
            "occasion": "x.occasion",
            "valid_from": "x.valid_from",
            "valid_until": "x.valid_until",
            "granted_at": _time("x.granted_at"),
            "used_for": "x.used_for",
        },
        _of("coupon_grant") + _where("x.id"),
    ),
    Sheet(
        "rewards",
        {
            "id": "x.id",
            "reward": _text("r.code"),
            **_WHO,
            "points": "x.points",
            "state": "x.state",
            **_AT,
            "recorded_at": _time("x.recorded_at"),
            "changed_at": _time("x.changed_at"),
        },
        _of("reward_claim")
        + _BRANCH
        + " JOIN reward AS r ON r.tenant_id = x.tenant_id AND r.id = x.reward_id"
        + _where("x.id"),
    ),
    Sheet(
        "branches",
        {
            "id": "x.id",
            "code": _text("x.code"),
            "name": _text("x.name"),
            "kind": "x.kind",
            "closed_at": _time("x.closed_at"),
        },
        _of("branch") + _where("x.id"),
    ),
    Sheet(
        "staff",
        {
            "id": "x.id",
            "name": _text("x.name"),
            "email": _text("x.email"),
            "role": "x.role",
            "left_at": _time("x.left_at"),
        },
        _of("staff") + _where("x.id"),
    ),
)

"""Which tables an export has, and why it leaves out the others. A test holds both lists complete."""

from dataclasses import dataclass
from typing import Any, Final

from saas.scope import connection

EXPORTED: Final = frozenset(
    {
        "activity",
        "activity_external",
        "agreement",
        "agreement_text",
        "allowance_use",
        "audit",
        "birthday_run",
        "branch",
        "campaign",
        "campaign_inside",
        "campaign_share",
        "card",
        "card_link",
        "consent",
        "coupon",
        "coupon_entry",
        "coupon_grant",
        "decision",
        "first_step",
        "gift",
        "household_member",
        "import_error",
        "import_run",
        "job",
        "join_page",
        "ladder_run",
        "measure_day",
        "measure_month",
        "member",
        "member_attribute",
        "member_consent",
        "member_day",
        "member_identity",
        "member_month",
        "member_number",
        "member_tag",
        "member_tier",
        "member_total",
        "member_view",
        "merge",
        "message",
        "message_text",
        "pass",
        "pass_entry",
        "points_account",
        "points_act",
        "points_entry",
        "points_lot",
        "points_notice",
        "points_take",
        "price",
        "price_list",
        "profile_change",
        "programme_draft",
        "programme_pending",
        "programme_version",
        "purchase",
        "purchase_credit",
        "purchase_external",
        "purchase_refunded",
        "purchase_undone",
        "recalculation",
        "recalculation_batch",
        "referral",
        "referral_move",
        "refund",
        "refund_external",
        "reward",
        "reward_claim",
        "reward_entry",
        "schedule",
        "segment",
        "shift_handover",
        "staff",
        "task",
        "task_act",
        "task_rule",
        "tenant",
        "tier_act",
        "tier_notice",
        "tier_recheck",
        "top_up",
        "top_up_external",
        "top_up_undone",
        "wallet_account",
        "wallet_entry",
        "wallet_lot",
        "wallet_refund",
        "wallet_take",
    }
)
_HIDDEN: Final = "a secret, or the hash of one"
_OURS: Final = "about the subscription to us: the copy gets its own"
_MADE_ANEW: Final = "worked out again from what is exported"
_FEED: Final = "the feed is kept for a month, and begins anew elsewhere"
_PASSING: Final = "of use for a moment only"
LEFT_OUT: Final[dict[str, str]] = {
    "member_pin": _HIDDEN,
    "staff_pin": _HIDDEN,
    "wallet_code": _HIDDEN,
    "till": "devices known by a secret cookie: set up anew",
    "till_person": "as till",
    "approval": _HIDDEN,
    "erased_identity": "hashes under keys of this installation, bound to this chain: nothing elsewhere",
    "subscription": _OURS,
    "billing_profile": _OURS,
    "billing_operation": _OURS,
    "billing_notice": _OURS,
    "invoice": _OURS,
    "stripe_event": _OURS,
    "usage_period": _OURS,
    "usage_member": _OURS,
    "usage_report": _OURS,
    "report_state": _MADE_ANEW,
    "report_sales": _MADE_ANEW,
    "report_value": _MADE_ANEW,
    "report_answer": _MADE_ANEW,
    "proof": _MADE_ANEW,
    "proof_difference": _MADE_ANEW,
    "simulation": _PASSING,
    "simulation_count": _PASSING,
    "simulation_move": _PASSING,
    "idempotency": _PASSING,
    "import_upload": _PASSING,
    "outbox": "work to come, some of it letters: it is done here, not twice; the manifest counts it",
    "event": _FEED,
    "event_new": _FEED,
    "event_counter": _FEED,
    "webhook_endpoint": "nobody's server should hear of a copy, too",
    "webhook_secret": _HIDDEN,
    "webhook_delivery": _FEED,
    "sample": "a made-up chain beside this one",
    "sandbox": "a chain beside this one to try things in",
    "clock_move": "of a sandbox's clock: the copy has its own",
    "sandbox_letter": "of use to who tries things, for a moment",
    "export": "exports themselves",
}
WITHOUT: Final[dict[str, frozenset[str]]] = {
    "staff": frozenset({"account_id", "invitation_hash", "invitation_until"}),
    "message": frozenset({"sealed"}),
    # The copy's own: who pays and how, its name in addresses, its clock.
    "tenant": frozenset(
        {
            *("slug", "status", "plan", "plan_revision", "trial_ends_at", "held_by_operator", "cancelled_at"),
            *("sample_of", "sandbox_of", "clock_offset", "second_factor"),
        }
    ),
}
"""Columns that are left out of a table that is exported."""
ONLY: Final[dict[str, str]] = {
    "schedule": "t.name NOT LIKE 'billing%'",
    "job": (
        "t.kind <> 'export' AND (t.state IN ('done', 'failed') OR EXISTS (SELECT FROM recalculation AS r"
        " WHERE r.tenant_id = t.tenant_id AND r.id = t.id AND r.finished_at IS NULL))"
    ),
    "import_run": "t.finished_at IS NOT NULL",
    "import_error": (
        "EXISTS (SELECT FROM import_run AS r WHERE r.tenant_id = t.tenant_id AND r.id = t.import_id"
        " AND r.finished_at IS NOT NULL)"
    ),
}
"""Of these tables only such rows."""

_COLUMNS: Final = """
SELECT c.relname AS name,
       array_agg(a.attname ORDER BY a.attnum)
           FILTER (WHERE a.attname <> 'tenant_id' AND a.attgenerated = '') AS columns,
       (SELECT array_agg(k.attname ORDER BY o.n)
          FROM pg_index AS i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS o (attnum, n)
          JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = o.attnum
         WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
       ARRAY(SELECT f.confrelid::regclass::text FROM pg_constraint AS f
              WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid) AS needs
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname = ANY ($1)
 GROUP BY c.oid ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One exported table as the schema of today has it: its columns, its primary key (both without quotes, the key with
    `tenant_id`), and the tables that its rows point at.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def rows(self) -> str:
        """`FROM … WHERE …` of its exported rows, which are called `t`; `{tenant}` is the chain."""
        more = f" AND {ONLY[self.name]}" if self.name in ONLY else ""
        return f"FROM {quoted(self.name)} AS t WHERE t.tenant_id = {{tenant}}{more}"


async def exported_tables() -> list[Table]:
    """Every exported table, by name, in the current scope's database."""
    rows: list[Any] = await connection().fetch(_COLUMNS, sorted(EXPORTED))
    return [
        Table(
            row["name"],
            tuple(name for name in row["columns"] if name not in WITHOUT.get(row["name"], ())),
            tuple(row["key"]),
            tuple(row["needs"]),
        )
        for row in rows
    ]


def quoted(name: str) -> str:
    """A name of the schema's, as SQL."""
    return '"' + name.replace('"', '""') + '"'

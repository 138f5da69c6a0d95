"""What is recorded and stored of points and stored value: `$1` the tenant, `$2` the records."""

from collections.abc import Mapping
from typing import Final

from tenants.points.book import MEASURED

HAPPENED: Final[Mapping[str, str]] = {
    "points_act": """
SELECT a.id, a.member_id, a.seq, a.recorded_at, a.act, a.points, a.expires_on FROM points_act a
 WHERE a.tenant_id = $1 AND a.member_id = ANY ($2::uuid[])""",
    "reward_claim": """
SELECT c.id, c.member_id, c.seq, c.recorded_at, c.points, c.state FROM reward_claim c
 WHERE c.tenant_id = $1 AND c.member_id = ANY ($2::uuid[])""",
}
STORED: Final[Mapping[str, str]] = {
    "points_account": "SELECT * FROM points_account WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    # A lot has its entry's id; a merge moves it on.
    "points_entry": """
SELECT e.id, e.member_id, e.seq, e.recorded_at, e.kind::text AS kind, e.source_id, e.points, e.day,
       e.programme_version, l.member_id AS holder_id, l.points AS lot_points, l."left", l.day AS lot_day,
       l.spendable_from, l.expires_on
  FROM points_entry e LEFT JOIN points_lot l ON l.tenant_id = $1 AND l.id = e.id
 WHERE e.tenant_id = $1 AND e.member_id = ANY ($2::uuid[])""",
    "campaign_share": """
SELECT s.id, s.member_id, s.at,
       CASE WHEN s.is_control THEN 0 ELSE coalesce((c.document ->> 'points')::bigint, 0) END AS points
  FROM campaign_share s JOIN campaign c ON c.tenant_id = $1 AND c.id = s.campaign_id
 WHERE s.tenant_id = $1 AND s.member_id = ANY ($2::uuid[])""",
    "wallet_account": "SELECT * FROM wallet_account WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "wallet_entry": """
SELECT e.id, e.member_id, e.seq, e.recorded_at, e.kind::text AS kind, e.source_id, e.amount FROM wallet_entry e
 WHERE e.tenant_id = $1 AND e.member_id = ANY ($2::uuid[])""",
    "wallet_lot": "SELECT * FROM wallet_lot WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
}
MULTIPLIERS: Final = """
SELECT c.code, (c.document ->> 'multiplier')::numeric AS multiplier FROM campaign c
 WHERE c.tenant_id = $1 AND c.document ->> 'type' = 'multiplier'"""

_BESIDE: Final = frozenset({"opening", "reward_return", "void", "expire"})
_WALLET_BESIDE: Final = frozenset({"opening", "opening_bonus"})


def placed(table: str, kind: str, *, is_members: bool) -> str | None:
    """Where a ledger's entry stands among what happened; None: it follows from a fact. `is_members`: the member itself
    is its source, as it is of what ends when one leaves.
    """
    if table == "points_entry":
        return "points" if kind in MEASURED else "points_beside" if kind in _BESIDE else None
    leaves = kind == "void_bonus" and is_members
    return "wallet_beside" if kind in _WALLET_BESIDE or leaves else None

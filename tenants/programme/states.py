"""Where the members stand on each ladder before an evaluation, as the CTE `m`."""

from enum import Enum

from tenants.programme.binder import Binder
from tenants.programme.document import Ladder, Programme
from tenants.programme.going_on import gone_on


class Standing(Enum):
    """Which standing an evaluation starts from: the present one, or what was decided before its instant.

    The latter is the last decision with an earlier `effective_at`, in the order in which they were made.
    """

    NOW = "member_tier"
    BEFORE = "decision"


def states(programme: Programme, ids: str, binder: Binder, standing: Standing = Standing.NOW) -> str:
    """Selects the members that `ids` (a predicate on a column {}) names, with their totals and, for ladder j, the
    columns s{j}_rank, _tier, _since, _valid_from, _valid_until, _began, _runs_from, _fell_on, _locked_until, _may_rise,
    _at, _reason and _decision_id. Tier and rank are those of `programme`, _stored and _stored_rank as they were
    written. Who is in the base tier is so since joining; _began and _runs_from are what a row has of it.
    """
    columns, joins = [], []
    for j, ladder in enumerate(programme.ladders):
        code = binder.constant(ladder.code, "text")
        base = binder.constant(ladder.tiers[0].code, "text")
        rank, tier = present(programme, ladder, f"s{j}", binder)
        raised = f"{rank} > 0"
        on = gone_on(programme, ladder, f"s{j}", binder, before=standing is Standing.BEFORE)
        until = on.valid_until
        if until != f"s{j}.valid_until" or "CASE" in raised:
            until = f"CASE WHEN {raised} THEN {until} END"
        columns.append(
            f"coalesce({rank}, 0) AS s{j}_rank, CASE WHEN {raised} THEN {tier} ELSE {base} END AS s{j}_tier,"
            f" s{j}.tier AS s{j}_stored, s{j}.rank AS s{j}_stored_rank,"
            f" CASE WHEN {raised} THEN s{j}.since ELSE m.joined_on END AS s{j}_since,"
            f" CASE WHEN {raised} THEN {on.valid_from} ELSE m.joined_on END AS s{j}_valid_from,"
            f" {until} AS s{j}_valid_until, s{j}.since AS s{j}_began, {on.valid_from} AS s{j}_runs_from,"
            f" s{j}.fell_on AS s{j}_fell_on, {on.locked_until} AS s{j}_locked_until,"
            f" coalesce({on.may_rise}, true) AS s{j}_may_rise, s{j}.effective_at AS s{j}_at,"
            f" s{j}.reason AS s{j}_reason, s{j}.decision_id AS s{j}_decision_id"
        )
        joins.append(_now(f"s{j}", code, ids) if standing is Standing.NOW else _before(f"s{j}", code, binder))
    return (
        f"\n  SELECT m.id, m.joined_on, t.spend AS t_spend, t.purchases AS t_purchases,"
        f" t.max_purchase AS t_max_purchase, t.last_day AS t_last_day,"
        f" {', '.join(columns)}\n  FROM member m{''.join(joins)}"
        f"\n  LEFT JOIN member_total t ON t.tenant_id = $1 AND t.member_id = m.id AND {ids.format('t.member_id')}"
        f"\n WHERE m.tenant_id = $1 AND {ids.format('m.id')}"
    )


def _now(alias: str, ladder: str, ids: str) -> str:
    return (
        f"\n  LEFT JOIN member_tier {alias} ON {alias}.tenant_id = $1 AND {alias}.member_id = m.id"
        f" AND {ids.format(f'{alias}.member_id')} AND {alias}.ladder = {ladder}"
    )


def _before(alias: str, ladder: str, binder: Binder) -> str:
    at = binder.moment("at", lambda m: m.at, "timestamptz")
    return f"""
  LEFT JOIN LATERAL (
    SELECT k.to_tier AS tier, k.to_rank AS rank, k.since, k.valid_from, k.valid_until, k.fell_on, k.locked_until,
           k.may_rise, k.effective_at, k.reason, k.id AS decision_id
      FROM decision k
     WHERE k.tenant_id = $1 AND k.member_id = m.id AND k.ladder = {ladder} AND k.effective_at < {at}
     ORDER BY k.seq DESC LIMIT 1) {alias} ON true"""


def present(programme: Programme, ladder: Ladder, alias: str, binder: Binder) -> tuple[str, str]:
    """SQL: rank and code that the stored tier of a row (`rank`, `tier`) is now; read through the lineage."""
    lineage = programme.lineage.get(ladder.code)
    if not lineage:
        return f"{alias}.rank", f"{alias}.tier"
    moves = [(binder.constant(code, "text"), ladder.tier(to)) for code, to in lineage.items()]
    known = [(code, tier) for code, tier in moves if tier is not None]
    ranks = " ".join(f"WHEN {code} THEN {tier.rank}" for code, tier in known)
    codes = " ".join(f"WHEN {code} THEN {binder.constant(tier.code, 'text')}" for code, tier in known)
    return (
        f"CASE WHEN {alias}.rank > 0 THEN CASE {alias}.tier {ranks} ELSE {alias}.rank END ELSE {alias}.rank END",
        f"CASE {alias}.tier {codes} ELSE {alias}.tier END",
    )

"""What the run of a publish decides on one ladder, as SQL: selects with the columns of a decision that
`tenants.tiers.writing` asks for, locks too. `silent`: nothing but the rank of the tier has changed.

A tier that something decided about since the publish stays: that was by the new rules already.
"""

from tenants.programme.compiler import Values
from tenants.programme.going_on import gone_on
from tenants.programme.schedule import valid_until
from tenants.programme.states import present
from tenants.tiers.retargeting import target_rank
from tenants.tiers.steps import facts_of


def publishing(values: Values, j: int, *, retarget: bool, upward: bool) -> str:
    """Who gets another tier (`retarget`), or holds a code that isn't one any more."""
    ladder, own, binder = values.programme.ladders[j], f"e.s{j}", values.binder
    today = binder.moment("today", lambda m: m.today, "date")
    rank = f"v.s{j}_rank"
    if retarget:
        at = binder.moment("at", lambda m: m.at, "timestamptz")
        rank = f"CASE WHEN v.s{j}_at > {at} THEN {rank} ELSE {target_rank(values, j, upward=upward)} END"
    moved = f"e.to_rank <> {own}_rank"
    until = f"{own}_valid_until"
    if retarget:
        fresh = binder.moment(f"valid until {j}", lambda m: valid_until(ladder.policy, m.today), "date")
        until = f"CASE WHEN {moved} THEN {fresh} ELSE {until} END"
    since, begins = (f"CASE WHEN {moved} THEN {today} ELSE {own}_{name} END" for name in ("began", "runs_from"))
    return f"""
  SELECT {_head(values, j)}, NOT ({moved} OR {_renamed(j)}) AS silent, {_from(j)}, {_to(values, j)},
         {since} AS since, {begins} AS valid_from, CASE WHEN e.to_rank > 0 THEN {until} END AS valid_until,
         {own}_fell_on AS fell_on, CASE WHEN NOT {moved} THEN {own}_locked_until END AS locked_until,
         {moved} OR {own}_may_rise AS may_rise, {facts_of(values, j)} AS facts
    FROM (SELECT v.*, {rank} AS to_rank FROM v OFFSET 0) e
   WHERE {moved} OR {_renamed(j)} OR {own}_rank <> {own}_stored_rank"""


def giving_back(values: Values, j: int) -> str:
    """Whose tier publishes since the version `rolled_back_to` decided about last, one after the other without anything
    between: what the first of them replaced. All others keep theirs, under the code that it has now.
    """
    ladder, own, binder = values.programme.ladders[j], f"e.s{j}", values.binder
    code = binder.constant(ladder.code, "text")
    to = binder.constant(values.programme.published.rolled_back_to, "integer")
    rank, _ = present(values.programme, ladder, "b", binder)
    on = gone_on(values.programme, ladder, "b", binder)
    of = "{0}.tenant_id = $1 AND {0}.member_id = v.id AND {0}.ladder = " + code
    by_it = "{0}.reason = 'programme_change' AND {0}.programme_version > " + to

    def kept(given: str, held: str) -> str:
        return f"CASE WHEN b.given THEN {given} ELSE v.s{j}_{held} END"

    standing = ", ".join(
        f"{value} AS {name}"
        for name, value in (
            ("to_rank", kept(f"coalesce({rank}, 0)", "rank")),
            ("since", kept("coalesce(b.since, v.joined_on)", "began")),
            ("begins", kept(f"coalesce({on.valid_from}, v.joined_on)", "runs_from")),
            ("until", kept(on.valid_until, "valid_until")),
            ("fell", kept("b.fell_on", "fell_on")),
            ("locked", kept(on.locked_until, "locked_until")),
            ("rises", kept(f"coalesce({on.may_rise}, true)", "may_rise")),
        )
    )
    changed = (
        f"e.given AND (e.to_rank, e.since, e.begins, e.until, e.fell, e.locked, e.rises) IS DISTINCT FROM"
        f" ({own}_rank, {own}_began, {own}_runs_from, {own}_valid_until, {own}_fell_on, {own}_locked_until,"
        f" {own}_may_rise)"
    )
    return f"""
  SELECT {_head(values, j)}, NOT ({changed} OR {_renamed(j)}) AS silent, {_from(j)}, {_to(values, j)},
         e.since, e.begins AS valid_from, CASE WHEN e.to_rank > 0 THEN e.until END AS valid_until, e.fell AS fell_on,
         e.locked AS locked_until, e.rises AS may_rise, {facts_of(values, j)} AS facts
    FROM (
      SELECT v.*, b.given, {standing}
        FROM v LEFT JOIN LATERAL (
          SELECT true AS given, r.* FROM decision l
           CROSS JOIN LATERAL (
             SELECT k.before FROM decision k
              WHERE {of.format("k")} AND k.seq > coalesce((
                      SELECT max(o.seq) FROM decision o WHERE {of.format("o")} AND NOT ({by_it.format("o")})), -1)
              ORDER BY k.seq LIMIT 1) f
           CROSS JOIN LATERAL jsonb_to_record(f.before) AS r (
             tier text, rank smallint, since date, valid_from date, valid_until date, fell_on date, locked_until date,
             may_rise boolean)
           WHERE l.tenant_id = $1 AND l.id = v.s{j}_decision_id AND {by_it.format("l")}) b ON true
      OFFSET 0) e
   WHERE {changed} OR {_renamed(j)} OR {own}_rank <> {own}_stored_rank"""


def _head(values: Values, j: int) -> str:
    code = values.binder.constant(values.programme.ladders[j].code, "text")
    return f"{j} AS number, {code} AS ladder, e.id, 'programme_change' AS reason"


def _from(j: int) -> str:
    own = f"e.s{j}"
    return (
        f"CASE WHEN {own}_stored_rank > 0 THEN {own}_stored ELSE {own}_tier END AS from_tier, {own}_rank AS from_rank"
    )


def _to(values: Values, j: int) -> str:
    codes = values.binder.constant([tier.code for tier in values.programme.ladders[j].tiers], "text[]")
    return f"({codes})[e.to_rank + 1] AS to_tier, e.to_rank"


def _renamed(j: int) -> str:
    """Whether the code held isn't one any more; never NULL."""
    return f"coalesce(e.s{j}_stored_rank > 0 AND e.s{j}_stored <> e.s{j}_tier, false)"

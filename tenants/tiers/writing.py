"""Writes decisions and the standings after them, as CTEs over `w`, the rows that were decided.

`w` has id (the member's), ladder, decision_id, reason, from_tier, from_rank, to_tier, to_rank, since, valid_from,
valid_until, fell_on and facts.
"""

from tenants.numbers import take
from tenants.programme.compiler import Ids, Values

_STANDING = "since, valid_from, valid_until, fell_on"
_REPLACED = "FROM member_tier o WHERE o.tenant_id = $1 AND o.member_id = w.id AND o.ladder = w.ladder"


def writing(
    values: Values,
    *,
    locks: bool = False,
    cause_id: str | None = None,
    own_facts: bool = False,
    before: bool = False,
    undoable: bool = False,
) -> str:
    """`n` gives each member its next number, `i` inserts the decisions, `s` moves `member_tier` on, `events`
    tells of the tiers that changed.

    `locks`: `w` has locked_until and may_rise too; otherwise what was decided ends a lock. `cause_id`: its column of
    `w`, where it isn't the moment's. `own_facts`: each member has an instant and a cause of its own, `w` has at, cause
    and cause_id. `before`: every `programme_change` keeps what it replaced, for a roll-back; `undoable`: every
    decision does.
    """
    binder = values.binder
    version = binder.constant(values.programme.version, "integer")
    effective = "w.at" if own_facts else binder.moment("effective", lambda m: m.effective_at, "timestamptz")
    recorded = binder.moment("recorded", lambda m: m.recorded_at, "timestamptz")
    day = binder.moment("day", lambda m: m.day, "date")
    told = binder.moment("told", lambda m: m.told, "boolean")
    cause = "w.cause" if own_facts else binder.moment("cause", lambda m: m.cause, "text")
    cause_id = "w.cause_id" if own_facts else cause_id or binder.moment("cause_id", lambda m: m.cause_id, "uuid")
    lock_columns = ", locked_until, may_rise" if locks else ""
    lock_values = ", w.locked_until, w.may_rise" if locks else ""
    # The columns' defaults are those of a standing without a lock.
    lock_update = (
        "locked_until = excluded.locked_until, may_rise = excluded.may_rise"
        if locks
        else "locked_until = NULL, may_rise = true"
    )
    # What a fact replaced can be put back by an undo. The decision before it alone doesn't tell: runs and staff move
    # validities and locks on without one.
    own = undoable or values.ids is Ids.ONE
    before_column = ", before" if own or before else ""
    before_value = f", coalesce((SELECT to_jsonb(o) {_REPLACED}), '{{}}'::jsonb)"
    if not own:
        replaced = f"(SELECT coalesce((SELECT to_jsonb(o) {_REPLACED}), '{{}}'::jsonb))"
        before_value = f", CASE WHEN w.reason = 'programme_change' THEN {replaced} END" if before else ""
    return f"""
n AS ({take("(SELECT DISTINCT id FROM w)")}),
i AS (
  INSERT INTO decision AS k (tenant_id, id, member_id, ladder, seq, reason, from_tier, to_tier, from_rank, to_rank,
                             effective_at, recorded_at, day, {_STANDING}, programme_version,
                             facts, cause, cause_id{lock_columns}{before_column})
  SELECT $1, w.decision_id, w.id, w.ladder, n.seq, w.reason, w.from_tier, w.to_tier, w.from_rank, w.to_rank,
         {effective}, {recorded}, {day}, w.since, w.valid_from, w.valid_until, w.fell_on, {version},
         w.facts, {cause}, {cause_id}{lock_values}{before_value}
    FROM w JOIN n ON n.id = w.id),
s AS (
  INSERT INTO member_tier AS s (tenant_id, member_id, ladder, tier, rank, reason, {_STANDING},
                                decision_id, effective_at{lock_columns})
  SELECT $1, w.id, w.ladder, w.to_tier, w.to_rank, w.reason, w.since, w.valid_from, w.valid_until, w.fell_on,
         w.decision_id, {effective}{lock_values} FROM w
  ON CONFLICT (tenant_id, member_id, ladder) DO UPDATE SET tier = excluded.tier, rank = excluded.rank,
     since = excluded.since, reason = excluded.reason, valid_from = excluded.valid_from,
     valid_until = excluded.valid_until, fell_on = excluded.fell_on, {lock_update},
     decision_id = excluded.decision_id, effective_at = excluded.effective_at),
events AS (
  INSERT INTO event_new AS e (tenant_id, id, type, member_id, at, data)
  SELECT $1, {decision_id(values.ids)}, 'tier.changed', w.id, {recorded}, jsonb_build_object(
         'decision_id', w.decision_id, 'ladder', w.ladder, 'from_tier', w.from_tier, 'to_tier', w.to_tier,
         'direction', CASE WHEN w.to_rank > w.from_rank THEN 'up' WHEN w.to_rank < w.from_rank THEN 'down'
                           ELSE 'same' END,
         'reason', w.reason, 'since', w.since, 'valid_until', w.valid_until, 'effective_at', {effective},
         'programme_version', {version}, 'cause', {cause}, 'cause_id', {cause_id})
    FROM w WHERE w.from_tier <> w.to_tier AND {told})"""


def decision_id(ids: Ids) -> str:
    """A UUIDv7. In a batch one gives its time and some of its chance to all, who are counted on from it: making
    each costs more than the decision's whole row (3.3 µs, for random bytes from the system).
    """
    if ids is Ids.ONE:
        return "uuidv7()"
    return "((SELECT left(uuidv7()::text, 24)) || to_hex(x'100000000000'::bigint + row_number() OVER ()))::uuid"

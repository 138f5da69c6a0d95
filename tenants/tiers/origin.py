"""The decision that gave a standing: the last one of its ladder, or, where that put back what an undone fact had
replaced, the one that had given this; what a publish only carried over was given before it.
"""


def gave(standing: str) -> str:
    """SQL of a subquery for a lateral join, with the columns of `decision`; `standing` is an alias of `member_tier`,
    $1 the tenant. No row where an undo put back the base that everybody holds.
    """
    return f"""(
  WITH RECURSIVE o AS (
    SELECT d.*, {_passes_on("d")} AS passes_on
      FROM decision d WHERE d.tenant_id = $1 AND d.id = {standing}.decision_id
    UNION ALL
    SELECT b.*, {_passes_on("b")} AS passes_on FROM o CROSS JOIN LATERAL (
      SELECT b.* FROM decision b
       WHERE b.tenant_id = $1 AND b.member_id = o.member_id AND b.ladder = o.ladder
         AND b.seq < CASE WHEN o.cause = 'undo' THEN (
           SELECT min(f.seq) FROM decision f
            WHERE f.tenant_id = $1 AND f.member_id = o.member_id AND f.ladder = o.ladder AND f.cause_id = o.cause_id)
           ELSE o.seq END
       ORDER BY b.seq DESC LIMIT 1) b
     WHERE o.passes_on)
  SELECT * FROM o WHERE NOT o.passes_on)"""


def _passes_on(decision: str) -> str:
    """SQL: whether a decision gave nothing of its own. A publish that moves a member begins anew, so that the tier is
    another one, or the day since when.
    """
    carried = (
        f"{decision}.reason = 'programme_change' AND {decision}.cause = 'programme'"
        f" AND {decision}.to_rank = {decision}.from_rank AND ({decision}.before ->> 'since')::date = {decision}.since"
    )
    return f"({decision}.reason = 'refund' AND {decision}.cause = 'undo' OR coalesce({carried}, false))"

"""The decision that gave a standing: the last one of its ladder, or, where that put back what an undone fact had
replaced, the one that had given this.
"""


def gave(standing: str) -> str:
    """SQL of a subquery for a lateral join, with the columns of `decision`; `standing` is an alias of `member_tier`,
    $1 the tenant. No row where an undo put back the base that everybody holds.
    """
    return f"""(
  WITH RECURSIVE o AS (
    SELECT d.* FROM decision d WHERE d.tenant_id = $1 AND d.id = {standing}.decision_id
    UNION ALL
    SELECT b.* FROM o CROSS JOIN LATERAL (
      SELECT b.* FROM decision b
       WHERE b.tenant_id = $1 AND b.member_id = o.member_id AND b.ladder = o.ladder AND b.seq < (
         SELECT min(f.seq) FROM decision f
          WHERE f.tenant_id = $1 AND f.member_id = o.member_id AND f.ladder = o.ladder AND f.cause_id = o.cause_id)
       ORDER BY b.seq DESC LIMIT 1) b
     WHERE o.reason = 'refund' AND o.cause = 'undo')
  SELECT * FROM o WHERE NOT (o.reason = 'refund' AND o.cause = 'undo'))"""

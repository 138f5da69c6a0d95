"""What a merge moves from one member's rows to another's, set by set. `$1`: the tenant, `$2`: the survivor, `$3`: the
other. The caller holds both locks.
"""

from typing import Final

from tenants.cards.keeping import NEWEST
from tenants.members.tags import MOST

_PLAIN: Final = "spend = a.spend + excluded.spend, purchases = a.purchases + excluded.purchases"
_LARGEST: Final = "max_purchase = greatest(a.max_purchase, excluded.max_purchase)"
_MEASURED: Final = """total = a.total + excluded.total, facts = a.facts + excluded.facts,
    valued = a.valued + excluded.valued, most = greatest(a.most, excluded.most)"""

AGGREGATES: Final = (
    f"""
INSERT INTO member_total AS a (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
SELECT $1, $2, o.spend, o.purchases, o.max_purchase, o.last_day, o.last_at FROM member_total AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3
ON CONFLICT (tenant_id, member_id) DO UPDATE SET {_PLAIN}, {_LARGEST},
    last_day = greatest(a.last_day, excluded.last_day), last_at = greatest(a.last_at, excluded.last_at)""",
    f"""
INSERT INTO member_month AS a (tenant_id, member_id, month, spend, purchases, max_purchase)
SELECT $1, $2, o.month, o.spend, o.purchases, o.max_purchase FROM member_month AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3 ORDER BY o.month
ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET {_PLAIN}, {_LARGEST}""",
    f"""
INSERT INTO member_day AS a (tenant_id, member_id, day, spend, purchases, max_purchase)
SELECT $1, $2, o.day, o.spend, o.purchases, o.max_purchase FROM member_day AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3 ORDER BY o.day
ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET {_PLAIN}, {_LARGEST}""",
    f"""
INSERT INTO measure_month AS a (tenant_id, member_id, measure, month, total, facts, valued, most)
SELECT $1, $2, o.measure, o.month, o.total, o.facts, o.valued, o.most FROM measure_month AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3 ORDER BY o.measure, o.month
ON CONFLICT (tenant_id, member_id, measure, month) DO UPDATE SET {_MEASURED}""",
    f"""
INSERT INTO measure_day AS a (tenant_id, member_id, measure, day, total, facts, valued, most)
SELECT $1, $2, o.measure, o.day, o.total, o.facts, o.valued, o.most FROM measure_day AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3 ORDER BY o.measure, o.day
ON CONFLICT (tenant_id, member_id, measure, day) DO UPDATE SET {_MEASURED}""",
)

# A largest purchase of a day is the largest of either record's: `greatest` is right because nothing is taken away.
PEOPLE: Final = (
    """
INSERT INTO member_attribute AS a (tenant_id, member_id, code, text, number, day, truth)
SELECT $1, $2, o.code, o.text, o.number, o.day, o.truth FROM member_attribute AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3
ON CONFLICT DO NOTHING""",
    f"""
INSERT INTO member_tag AS t (tenant_id, member_id, tag)
SELECT $1, $2, o.tag FROM member_tag AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3
   AND NOT EXISTS (SELECT FROM member_tag AS s WHERE s.tenant_id = $1 AND s.member_id = $2 AND s.tag = o.tag)
 ORDER BY o.tag
 LIMIT greatest(0, {MOST} - (SELECT count(*) FROM member_tag AS s WHERE s.tenant_id = $1 AND s.member_id = $2))""",
    """
INSERT INTO tier_recheck AS r (tenant_id, member_id, ladder, due_at, refund_id)
SELECT $1, $2, o.ladder, o.due_at, o.refund_id FROM tier_recheck AS o
 WHERE o.tenant_id = $1 AND o.member_id = $3
ON CONFLICT (tenant_id, member_id, ladder) DO UPDATE SET due_at = excluded.due_at, refund_id = excluded.refund_id
 WHERE r.due_at > excluded.due_at""",
)

TASKS: Final = (
    # Of two open tasks of one rule the survivor's stays.
    """
UPDATE task AS o SET state = 'dropped', ended_at = $4::timestamptz, ended_by = 'system',
       ended_on = ($4::timestamptz AT TIME ZONE c.timezone)::date
  FROM tenant AS c
 WHERE c.tenant_id = $1 AND o.tenant_id = $1 AND o.member_id = $3 AND o.state = 'open'
   AND EXISTS (SELECT FROM task AS s WHERE s.tenant_id = $1 AND s.rule_id = o.rule_id AND s.member_id = $2
                                       AND s.state = 'open')""",
    """
UPDATE task AS o SET member_id = $2
 WHERE o.tenant_id = $1 AND o.member_id = $3 AND $4::timestamptz IS NOT NULL""",
)
"""The branch's tasks, done ones too, so that nobody is called again too soon. `$4`: the merge's instant."""

LEFT_BEHIND: Final = tuple(
    f"DELETE FROM {table} AS o WHERE o.tenant_id = $1 AND o.member_id = $2"
    for table in (
        "member_total",
        "member_month",
        "member_day",
        "measure_month",
        "measure_day",
        "member_attribute",
        "member_tag",
        "member_consent",
        "tier_recheck",
        # Consents to pay were given for the other's wallet: they never open the survivor's.
        "member_pin",
        "wallet_code",
    )
)
"""What the other has no more, being somebody else's now. `$2`: the other."""

SURVIVES: Final = f"""
UPDATE member AS m
   SET joined_on = least(m.joined_on, o.joined_on), phone = coalesce(m.phone, o.phone),
       phone_unverified = CASE WHEN m.phone IS NULL THEN o.phone_unverified ELSE m.phone_unverified END,
       name = coalesce(m.name, o.name),
       external_id = coalesce(m.external_id, o.external_id), card_no = {NEWEST.format(member="m.id")},
       birthday = coalesce(m.birthday, o.birthday),
       kept_on = CASE WHEN m.birthday IS NULL THEN o.kept_on ELSE m.kept_on END,
       birthday_calendar = CASE WHEN m.birthday IS NULL THEN o.birthday_calendar ELSE m.birthday_calendar END,
       gender = coalesce(m.gender, o.gender),
       branch_id = coalesce(m.branch_id, o.branch_id), referrer_id = $4, revision = m.revision + 1,
       is_returning = m.is_returning OR o.is_returning
  FROM member AS o
 WHERE m.tenant_id = $1 AND m.id = $2 AND o.tenant_id = $1 AND o.id = $3
"""
# Like the row of who has left it keeps what it was called by, so that whoever is erased later is forgotten under that
# too. Nothing leads to it by these: identities have moved.
ENDS: Final = """
UPDATE member AS m
   SET status = 'merged', merged_into = $2, closed_at = $4, revision = m.revision + 1
 WHERE m.tenant_id = $1 AND m.id = $3
"""
LEADS_ON: Final = "UPDATE member AS m SET merged_into = $2 WHERE m.tenant_id = $1 AND m.merged_into = $3"
MERGED: Final = """
INSERT INTO merge AS g (tenant_id, member_id, other_id, seq, other_seq, recorded_at, detail, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING g.id
"""

"""Who bought within some days, as SQL: a row a member, what it bought and for how much."""

from datetime import date
from typing import Final

from saas.scope import current
from tenants.measures import codes
from tenants.reports.span import Span

# From the months where the days are whole months: a tenth of the rows. `$2` and `$3` are the first and the last day.
_OF_CHAIN: Final = """
SELECT a.member_id, sum(a.purchases)::bigint AS purchases, sum(a.spend)::bigint AS spend
  FROM member_{grain} a WHERE a.tenant_id = $1 AND a.{grain} BETWEEN $2 AND $3
 GROUP BY a.member_id HAVING sum(a.purchases) > 0"""
_OF_BRANCHES: Final = """
SELECT a.member_id, sum(a.facts)::bigint AS purchases, sum(a.total)::bigint AS spend
  FROM measure_{grain} a WHERE a.tenant_id = $1 AND a.{grain} BETWEEN $2 AND $3 AND a.measure = ANY ($4::text[])
 GROUP BY a.member_id HAVING sum(a.facts) > 0"""


def buyers(span: Span, day: date) -> tuple[str, list[object]]:
    """Members with a purchase that stands, who have left meanwhile among them: SQL of (member_id, purchases, spend) and
    its arguments from `$1` on. `day`: today.
    """
    grain = "month" if span.whole_months(day) else "day"
    arguments: list[object] = [current().tenant_id, span.first, span.last]
    if span.branch_ids is None:
        return _OF_CHAIN.format(grain=grain), arguments
    return _OF_BRANCHES.format(grain=grain), [*arguments, [codes.branch(each) for each in span.branch_ids]]

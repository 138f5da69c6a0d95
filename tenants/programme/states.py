"""Where the members stand on each ladder before an evaluation, as the CTE `m`."""

from enum import Enum
from typing import Any

from tenants.programme.binder import Binder
from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import Moment
from tenants.programme.schedule import UntilNextSchedule, next_schedule_day
from tenants.programme.windows import ONE_DAY


class Standing(Enum):
    """Which standing an evaluation starts from."""

    NOW = "member_tier"


def states(programme: Programme, ids: str, binder: Binder) -> str:
    """Selects the members that `ids` (a predicate on a column {}) names, with their totals and, for ladder j, the
    columns s{j}_rank, _tier, _since, _valid_from, _valid_until, _began, _fell_on, _locked_until, _may_rise, _at,
    _reason and _decision_id.
    """
    columns, joins = [], []
    for j, ladder in enumerate(programme.ladders):
        code = binder.constant(ladder.code, "text")
        base = binder.constant(ladder.tiers[0].code, "text")
        raised = f"s{j}.rank > 0"
        columns.append(
            f"coalesce(s{j}.rank, 0) AS s{j}_rank, CASE WHEN {raised} THEN s{j}.tier ELSE {base} END AS s{j}_tier,"
            f" CASE WHEN {raised} THEN s{j}.since ELSE m.joined_on END AS s{j}_since,"
            f" CASE WHEN {raised} THEN s{j}.valid_from ELSE m.joined_on END AS s{j}_valid_from,"
            f" {_valid_until(j, ladder, binder)} AS s{j}_valid_until, s{j}.since AS s{j}_began,"
            f" s{j}.fell_on AS s{j}_fell_on, s{j}.locked_until AS s{j}_locked_until,"
            f" coalesce(s{j}.may_rise, true) AS s{j}_may_rise, s{j}.effective_at AS s{j}_at,"
            f" s{j}.reason AS s{j}_reason, s{j}.decision_id AS s{j}_decision_id"
        )
        joins.append(
            f"\n  LEFT JOIN member_tier s{j} ON s{j}.tenant_id = $1 AND s{j}.member_id = m.id"
            f" AND {ids.format(f's{j}.member_id')} AND s{j}.ladder = {code}"
        )
    return (
        f"\n  SELECT m.id, m.joined_on, t.spend AS t_spend, t.purchases AS t_purchases,"
        f" t.max_purchase AS t_max_purchase, t.last_day AS t_last_day,"
        f" {', '.join(columns)}\n  FROM member m{''.join(joins)}"
        f"\n  LEFT JOIN member_total t ON t.tenant_id = $1 AND t.member_id = m.id AND {ids.format('t.member_id')}"
        f"\n WHERE m.tenant_id = $1 AND {ids.format('m.id')}"
    )


def _valid_until(j: int, ladder: Ladder, binder: Binder) -> str:
    """A renewal under `until_next_schedule` without grace writes nothing: the last run over everyone
    moved the day on. With grace a run doesn't renew everyone, so there the row is kept up to date.
    """
    policy = ladder.policy
    if not isinstance(policy.validity, UntilNextSchedule) or policy.grace_days > 0:
        return f"s{j}.valid_until"
    schedule = policy.schedule

    def moved(moment: Moment) -> Any:
        ran = moment.last_runs.get(ladder.code)
        return None if ran is None else next_schedule_day(schedule, ran) - ONE_DAY

    day = binder.moment(f"run of {j}", moved, "date")
    return f"CASE WHEN s{j}.rank > 0 THEN greatest(s{j}.valid_until, {day}) END"

"""What a template must say when it is chosen: stored value above what the law lets a named card hold.

Single-purpose prepaid cards in China hold at most 5,000 yuan with a name and 1,000 without (《单用途商业预付卡管理办法
（试行）》, Ministry of Commerce 2012, article 18); the tenant's own limits are what is compared.
"""

from collections.abc import Iterator

from saas.errors import Money
from tenants.programme.conditions import places
from tenants.programme.document import Programme
from tenants.programme.doubts import Doubt
from tenants.programme.strict import json_pointer


def limit_warnings(programme: Programme) -> list[Doubt]:
    """`top-up-above-limit` for each step whose money can't be on a named card at once, `tier-above-limit` for each
    tier that asks for more than that in top-ups.
    """
    return [*_steps(programme), *_tiers(programme)]


def _steps(programme: Programme) -> Iterator[Doubt]:
    limits = programme.wallet.limits
    for n, step in enumerate(programme.wallet.top_up_bonus):
        held = step.amount + (step.bonus_of(step.amount) if limits.bonus_counts else 0)
        if held > limits.named:
            params = {"amount": Money(held, programme.currency), "limit": Money(limits.named, programme.currency)}
            yield Doubt(json_pointer(("wallet", "top_up_bonus", n, "amount")), "top-up-above-limit", params)


def _tiers(programme: Programme) -> Iterator[Doubt]:
    limit = Money(programme.wallet.limits.named, programme.currency)
    for n, ladder in enumerate(programme.ladders):
        for tier in ladder.tiers:
            for place in places(tier.qualify) if tier.qualify is not None else ():
                leaf = place.leaf
                if leaf.metric in {"top_ups", "max_top_up"} and not place.negated and (leaf.gte or 0) > limit:
                    loc = ("ladders", n, "tiers", tier.rank, "qualify", *place.loc)
                    asked = Money(int(leaf.gte or 0), programme.currency)
                    params = {"tier": tier.code, "amount": asked, "limit": limit}
                    yield Doubt(json_pointer(loc), "tier-above-limit", params)

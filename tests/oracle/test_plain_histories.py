"""Random histories: what must be true whatever the rules are, and how often what happens in them."""

from hypothesis import HealthCheck, event, given, settings
from oracle.conditions import facts_of
from oracle.plain import Chain
from oracle.shop import at
from oracle.strategies import Case, cases
from oracle.walking import opened, run

UP, SAME, DOWN = "up", "same", "down"
ALLOWED = {
    "upgrade": {UP},
    "renew": {SAME},
    "downgrade": {DOWN},
    "refund": {DOWN},
    "late": {UP},
    "merge": {UP},
    "manual": {UP, SAME, DOWN},
    "programme_change": {UP, SAME, DOWN},
}


def direction(climbed: int) -> str:
    if climbed == 0:
        return SAME
    return UP if climbed > 0 else DOWN


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_what_always_holds(case: Case) -> None:
    chain = run(case)
    held: dict[tuple[str, str], str] = {}
    for one in chain.decisions:
        version = chain.versions.number(one.version)
        codes = version.codes(one.ladder)
        came_from = version.means(one.ladder, one.from_tier) if one.before.position else codes[0]
        climbed = codes.index(one.to_tier) - codes.index(came_from)
        assert direction(climbed) in ALLOWED[one.reason]
        assert one.to_tier == codes[one.standing.position]
        assert one.valid_until is None or one.standing.position > 0
        # Each begins where the one before it ended, whatever that is called by now.
        last = held.get((one.member, one.ladder), "t0")
        assert came_from == (codes[0] if last == "t0" else version.means(one.ladder, last))
        held[one.member, one.ladder] = one.to_tier
    for reason in {one.reason for one in chain.decisions}:
        event(reason)
    event(f"decisions: {min(len(chain.decisions), 10)}")
    event(f"about {case.flavour}")
    event(f"notices: {bool(chain.notices)}")


@settings(max_examples=40, deadline=None)
@given(cases(most_members=1, new_rules=False))
def test_metrics_do_not_depend_on_the_order_of_arrival(case: Case) -> None:
    whole = run(case)
    forth, back = opened(case), opened(case)
    person = whole.people["M0"]
    for target, turn in ((forth, 1), (back, -1)):
        taken = target.people["M0"]
        for name in ("purchases", "activities", "top_ups", "points"):
            getattr(taken, name).extend(getattr(person, name)[::turn])
    for code in whole.ladders:
        seen = [values(one, code) for one in (forth, back)]
        assert seen[0] == seen[1]


def values(chain: Chain, ladder: str) -> object:
    return facts_of(chain.view("M0", ladder, at("2024-06-30 12:00")))

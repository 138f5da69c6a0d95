"""Who has how many requests in the air: rules over numbers, no server needed."""

from collections import Counter
from random import Random
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.webhooks.pace import Pace, Pair
from tenants.webhooks.sharing import AT_ONCE, OF_A_CHAIN, OF_AN_ENDPOINT, OF_THE_SLOW, Sharing

_SPACE = UUID(int=1)


def pair(chain: int, endpoint: int = 0) -> Pair:
    return uuid5(_SPACE, f"{chain}"), uuid5(_SPACE, f"{chain}-{endpoint}")


EVERYBODY = [pair(chain, n) for chain in range(30) for n in range(20)]


def test_however_many_chains_are_slow_the_others_find_room() -> None:
    """Thirteen chains with all that they may have would fill a dispatcher."""
    slow = {pair(chain, n): False for chain in range(40) for n in range(20)}
    fine = {pair(chain): False for chain in range(100, 110)}
    sharing, out = Sharing(), Counter[Pair]()
    for _ in range(20):
        out.update(sharing.rooms(slow, out, set()))
    assert out.total() == OF_THE_SLOW
    rooms = sharing.rooms({**slow, **fine}, out, fine.keys())
    assert rooms == dict.fromkeys(fine, OF_AN_ENDPOINT)


def test_the_slow_ones_share_evenly_and_everybodys_turn_comes() -> None:
    slow = {pair(chain): False for chain in range(300)}
    sharing, served = Sharing(), Counter[Pair]()
    for _ in range(6):  # each time all have landed
        rooms = sharing.rooms(slow, Counter(), set())
        assert rooms.keys() <= slow.keys()
        assert sum(rooms.values()) == OF_THE_SLOW
        served.update(rooms)
    assert set(served) == set(slow)
    assert max(served.values()) - min(served.values()) <= 1
    alone = pair(0)
    assert sharing.rooms({alone: False}, Counter(), set()) == {alone: OF_AN_ENDPOINT}


@given(st.integers(0, 2**32), st.integers(0, 400), st.integers(0, 40), st.integers(0, 30))
@settings(max_examples=20, deadline=None)
def test_nobody_gets_more_than_is_theirs(seed: int, waiting: int, in_the_air: int, quick_to: int) -> None:
    chance = Random(seed)  # noqa: S311  # guards nothing
    due = {one: chance.random() < 0.2 for one in chance.sample(EVERYBODY, waiting)}
    out = Counter({one: chance.randint(1, 8) for one in chance.sample(EVERYBODY, in_the_air)})
    quick = set(EVERYBODY[: quick_to * 20])
    rooms = Sharing().rooms(due, out, quick)
    chains, before = Counter[UUID](), Counter[UUID]()
    for one in {*rooms, *out}:
        before[one[0]] += out[one]
        chains[one[0]] += out[one] + rooms.get(one, 0)
    assert all(n >= 1 for n in rooms.values())
    assert all(rooms[one] + out[one] <= (1 if due[one] else OF_AN_ENDPOINT) for one in rooms)
    assert all(n <= max(OF_A_CHAIN, before[chain]) for chain, n in chains.items())
    assert sum(rooms.values()) <= max(0, AT_ONCE - out.total())


def test_the_last_answers_count_most() -> None:
    pace, one = Pace(), pair(1)
    assert not pace.quick(one)  # nobody knows
    for seconds, quick in ((0.1, True), (15.0, False), (0.1, False), (0.1, False), (0.1, False), (0.1, False)):
        pace.took(one, seconds)
        assert pace.quick(one) is quick, seconds
    for _ in range(4):
        pace.took(one, 0.1)
    assert pace.quick(one)

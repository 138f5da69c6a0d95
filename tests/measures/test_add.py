"""Adding to measures: days and months, whatever the order and however often the same one comes."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from support.chains import Chain
from support.till import member, rows

from saas.scope import ScopeClosedError, tenant_scope
from tenants.measures import codes
from tenants.measures.add import Measured, add


async def test_days_and_months_are_the_sums(chain: Chain) -> None:
    one, other = UUID(await member(chain)), UUID(await member(chain))
    january, later, february = date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)
    tea, classes = codes.category("茶"), codes.activity("class")
    async with tenant_scope(chain.tenant_id):
        await add([Measured(other, tea, january, 100, 1), Measured(one, tea, february, 7, 1)])
        await add(
            [
                Measured(one, tea, january, 5, 1, most=5),
                Measured(one, tea, january, 3, 1, most=3),
                Measured(one, tea, later, 2, 1),
                Measured(one, classes, january, Decimal("36.6"), 1, 1),
            ]
        )
        await add([Measured(one, tea, later, -2, -1), Measured(one, classes, january, Decimal("0.15"), 2, 1, 4)])
    days = {(r["member_id"], r["measure"], r["day"]): tuple(r.values())[4:] for r in await rows(chain, "measure_day")}
    assert days == {
        (other, tea, january): (100, 1, 0, 0),
        (one, tea, january): (8, 2, 0, 5),
        (one, tea, later): (0, 0, 0, 0),
        (one, tea, february): (7, 1, 0, 0),
        (one, classes, january): (Decimal("36.75"), 3, 2, 4),
    }
    months = {
        (r["member_id"], r["measure"], r["month"]): tuple(r.values())[4:] for r in await rows(chain, "measure_month")
    }
    assert months == {
        (other, tea, january): (100, 1, 0, 0),
        (one, tea, january): (8, 2, 0, 5),
        (one, tea, february): (7, 1, 0, 0),
        (one, classes, january): (Decimal("36.75"), 3, 2, 4),
    }


async def test_nothing_to_add_asks_nothing(chain: Chain) -> None:
    await add([])
    with pytest.raises(ScopeClosedError):
        await add([Measured(uuid4(), codes.REFERRAL, date(2026, 1, 1), facts=1)])


def test_codes() -> None:
    branch = UUID("01970000-0000-7000-8000-000000000001")
    assert codes.branch(branch) == codes.branch(str(branch)) == f"branch:{branch}"
    assert (codes.activity(None), codes.activity("review")) == ("activity", "activity:review")

"""FoodMart's year 1997 through the imports and the recalculation, member by member against answers that two
other programs computed. The data isn't ours to ship: it lies beside the repository, or the test says so and skips.

A rebuild and the months' classes of every tenth member; FOODMART_WHOLE=1: of all of them.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from foodmart.scale import scaled
from support.chains import Chain
from support.clock import owner, set_clock
from support.drift import drift
from support.plan_held import give_plan

from industry_templates.loader import get

DATA = Path(__file__).parents[3] / "shared" / "data" / "foodmart"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"FoodMart's data is not at {DATA.name}: ../shared is missing"
)

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[[], Awaitable[Any]]

MEMBERS = {
    "member_id": "external_id",
    "card_no": "card_no",
    "name": "name",
    "birthdate": "birthday",
    "gender": "gender",
    "joined_at": "joined_on",
}
PURCHASES = {
    "purchase_id": "external_id",
    "member_id": "member",
    "branch_id": "branch",
    "occurred_at": "occurred_at",
    "amount": "amount",
    "category": "category",
}

EVERY = 1 if os.environ.get("FOODMART_WHOLE") else 10


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sampled(name: str, every: int) -> bytes:
    """The file with the members whose number `every` divides."""
    found = [row for row in rows(name) if int(row["member_id"]) % every == 0]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]))
    writer.writeheader()
    writer.writerows(found)
    return gzip.compress(text.getvalue().encode())


async def imported(chain: Chain, drain: Drain, kind: str, mapping: dict[str, str], every: int = 1) -> dict[str, Any]:
    options = {"kind": kind, "mapping": mapping, "create_missing": True, "evaluate": False}
    answer = await chain.http.post(
        "/v1/imports",
        files={"file": (f"{kind}.csv.gz", sampled(f"{kind}.csv.gz", every))},
        data={"options": json.dumps(options)},
    )
    assert answer.status_code == 202, answer.text
    await drain()
    state: dict[str, Any] = (await chain.http.get(f"/v1/imports/{answer.json()['import_id']}")).json()
    return state


async def supermarket(new_chain: NewChain, drain: Drain, template: str, factor: str, every: int = 1) -> Chain:
    """A chain with FoodMart's members and purchases, or of every so-manieth, under a template's rules with scaled
    thresholds.
    """
    chain = await new_chain(template=template, timezone="UTC")
    await give_plan(chain.tenant_id, "chain")  # it has 24 stores
    rules = scaled(get(template).programme, Decimal(factor))
    assert (await chain.http.put("/v1/programme/draft", json=rules.dump())).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    members = await imported(chain, drain, "members", MEMBERS, every)
    assert (members["state"], members["imported"], members["failed"]) == ("done", 10_281 // every, 0)
    purchases = await imported(chain, drain, "purchases", PURCHASES, every)
    assert (purchases["state"], purchases["failed"]) == ("done", 0)
    assert every > 1 or purchases["imported"] == 20_530
    return chain


async def recalculated(chain: Chain, drain: Drain, as_of: str, every: int = 1) -> dict[str, Any]:
    answer = await chain.http.post("/v1/programme/recalculate", json={"as_of": as_of})
    assert answer.status_code == 202, answer.text
    await drain()
    job: dict[str, Any] = (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    assert (job["state"], job["result"]["evaluated"]) == ("done", 10_281 // every), job
    result: dict[str, Any] = job["result"]
    return result


async def tiers(chain: Chain, ladder: str) -> dict[str, str]:
    """Every member's tier by FoodMart's number; who has no decision is in the base tier."""
    base = (await chain.http.get("/v1/programme")).json()["ladders"]
    code = next(x["tiers"][0]["code"] for x in base if x["code"] == ladder)
    found = await (await owner()).fetch(
        "SELECT m.external_id, coalesce(t.tier, $3) AS tier FROM member m LEFT JOIN member_tier t"
        " ON t.tenant_id = m.tenant_id AND t.member_id = m.id AND t.ladder = $2 WHERE m.tenant_id = $1",
        chain.tenant_id,
        ladder,
        code,
    )
    return {row["external_id"]: row["tier"] for row in found}


def differences(found: dict[str, str], expected: dict[str, str]) -> list[tuple[str, str | None, str | None]]:
    numbers = found.keys() | expected.keys()
    return [(n, found.get(n), expected.get(n)) for n in numbers if found.get(n) != expected.get(n)]


async def test_pharmacy_classes_of_every_month(new_chain: NewChain, drain: Drain) -> None:
    chain = await supermarket(new_chain, drain, "pharmacy", "0.05", EVERY)
    everyone = [row["member_id"] for row in rows("members.csv.gz") if int(row["member_id"]) % EVERY == 0]
    classes: dict[str, dict[str, str]] = {}
    for row in rows("expected/abcd_member_months.csv.gz"):
        classes.setdefault(row["month"], {})[row["member_id"]] = row["class_0.05"].lower()
    for month in range(1, 13):
        after = f"1997-{month + 1:02}" if month < 12 else "1998-01"
        await recalculated(chain, drain, f"{after}-01T00:00:00+00:00", EVERY)
        expected = {n: classes[f"1997-{month:02}"].get(n, "d") for n in everyone}  # no purchase: a month of 0
        assert differences(await tiers(chain, "class"), expected) == []

    repeated = await recalculated(chain, drain, "1998-01-01T00:00:00+00:00", EVERY)
    assert (repeated["upgraded"], repeated["renewed"], repeated["downgraded"]) == (0, 0, 0)
    refused = await chain.http.post("/v1/programme/recalculate", json={"as_of": "1997-06-01T00:00:00Z"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/later-decisions")


async def test_a_rebuild_gives_the_class_of_every_month(new_chain: NewChain, drain: Drain) -> None:
    chain = await supermarket(new_chain, drain, "pharmacy", "0.05", EVERY)
    everyone = [row["member_id"] for row in rows("members.csv.gz") if int(row["member_id"]) % EVERY == 0]
    classes: dict[str, dict[str, str]] = {}
    for row in rows("expected/abcd_member_months.csv.gz"):
        classes.setdefault(row["month"], {})[row["member_id"]] = row["class_0.05"].lower()
    await set_clock(chain.tenant_id, datetime(1998, 1, 1, 12, tzinfo=UTC))
    answer = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    await drain()
    job = (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    assert (job["state"], job["result"]["evaluated"]) == ("done", 10_281 // EVERY), job
    for month in range(1, 13):
        after = datetime(1997 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        held = await (await owner()).fetch(
            "SELECT DISTINCT ON (m.id) m.external_id, d.to_tier FROM member m JOIN decision d"
            " ON d.tenant_id = m.tenant_id AND d.member_id = m.id AND d.ladder = 'class' AND d.effective_at <= $2"
            " WHERE m.tenant_id = $1 ORDER BY m.id, d.seq DESC",
            chain.tenant_id,
            after,
        )
        found = dict.fromkeys(everyone, "d") | {row["external_id"]: row["to_tier"] for row in held}
        expected = {n: classes[f"1997-{month:02}"].get(n, "d") for n in everyone}
        assert differences(found, expected) == []
    assert await drift(chain) == []


@pytest.mark.parametrize(
    ("template", "column", "names"),
    [
        ("general", "generic_0.1", {"base": "regular"}),
        ("courier", "list_tier_0.1", {"0": "regular", "1": "silver", "2": "gold", "3": "platinum"}),
    ],
)
async def test_tiers_at_the_end_of_the_year(
    new_chain: NewChain, drain: Drain, template: str, column: str, names: dict[str, str]
) -> None:
    chain = await supermarket(new_chain, drain, template, "0.1")
    await recalculated(chain, drain, "1998-01-01T00:00:00+00:00")
    expected = {
        row["member_id"]: names.get(row[column], row[column]) for row in rows("expected/members_expected.csv.gz")
    }
    assert differences(await tiers(chain, "card"), expected) == []

"""A chain is proved over HTTP and by its job: what is right is said to be proved, what is planted comes out by name."""

from typing import Any

import pytest
from prometheus_client import REGISTRY
from proving import plant, proof_of, prove
from support.chains import Chain
from support.feed import told_of
from support.till import rows
from verifying.lived import Lived

from saas.errors import LANGUAGES
from tenants.proofs.words import words_of
from tenants.verifying.ledgers import CHECKS

_WALLET = "UPDATE wallet_account SET principal = principal + 1 WHERE tenant_id = $1"
_POINTS_LOT = (
    'UPDATE points_lot SET "left" = "left" - 1 WHERE tenant_id = $1'
    " AND id = (SELECT min(id::text)::uuid FROM points_lot WHERE tenant_id = $1)"
)


async def test_a_chain_that_was_never_proved(chain: Chain) -> None:
    told = await proof_of(chain)
    assert (told["state"], told["proved_on"], told["members"]) == ("never", None, 0)
    assert told["text"] == "Not proved yet."
    assert (await chain.http.get("/v1/proof/differences")).json() == {"data": [], "next_cursor": None}


async def test_a_clean_chain_is_proved(lived: Lived, drain: Any) -> None:
    chain = lived.chain
    job_id = await prove(chain, drain)
    told = await proof_of(chain)
    assert (told["state"], told["differences"]["count"], told["under_way"]) == ("proved", 0, None), told
    assert told["checks"] == {"done": len(CHECKS), "of": len(CHECKS)}
    assert told["unproved"] == []
    job = (await chain.http.get(f"/v1/jobs/{job_id}")).json()
    assert (job["kind"], job["state"], job["progress"]) == ("proof", "done", 1)
    assert job["result"]["proved_on"] == told["proved_on"]
    assert await told_of(chain.tenant_id, "proof.differs") == []
    audit = (await chain.http.get("/v1/audit-log?limit=1")).json()["data"][0]
    assert (audit["action"], audit["target"]) == ("proof.start", f"job:{job_id}")


@pytest.mark.parametrize(
    ("sql", "kinds"),
    [
        (_WALLET, {"wallet-principal", "wallet-principal-lots"}),
        (_POINTS_LOT, {"points-lots", "points-lot-left"}),
    ],
)
async def test_a_planted_fault_is_named_in_words(sql: str, kinds: set[str], lived: Lived, drain: Any) -> None:
    chain = lived.chain
    await plant(chain, sql)
    before = _counted("wallet-principal")
    await prove(chain, drain)
    for language in LANGUAGES:
        told = await proof_of(chain, language)
        assert told["state"] == "differs"
        found = {one["kind"]: one for one in told["differences"]["data"]}
        assert kinds <= found.keys()
        for kind in kinds:
            assert found[kind]["text"] == words_of(kind)[language]
            assert found[kind]["member_id"] == lived.member_id
            assert int(found[kind]["expected"]) != int(found[kind]["stored"])
        assert str(told["differences"]["count"]) in told["text"]
    (event,) = await told_of(chain.tenant_id, "proof.differs")
    assert event["member_id"] is None
    assert _counted("wallet-principal") - before == ("wallet-principal" in kinds)


async def test_differences_come_page_by_page_and_stay_with_their_proof(lived: Lived, drain: Any) -> None:
    chain = lived.chain
    await plant(chain, _WALLET)
    await prove(chain, drain)
    url = "/v1/proof/differences"
    first = (await chain.http.get(f"{url}?limit=1")).json()
    count = (await proof_of(chain))["differences"]["count"]
    assert count >= 2
    await plant(chain, _WALLET.replace("+ 1", "- 1"))
    await prove(chain, drain)
    assert (await chain.http.get(url)).json()["data"] == []
    rest = (await chain.http.get(url, params={"cursor": first["next_cursor"]})).json()
    assert [one["n"] for one in first["data"] + rest["data"]] == list(range(1, count + 1))


async def test_it_is_for_administrators(chain: Chain) -> None:
    made = await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": ["members:read", "reports:read"]})
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    for method, url in (("GET", "/v1/proof"), ("POST", "/v1/proof"), ("GET", "/v1/proof/differences")):
        assert (await chain.http.request(method, url, headers=headers)).status_code == 403


async def test_nothing_of_a_neighbour_is_proved_or_told(lived: Lived, chain: Chain, drain: Any) -> None:
    await plant(lived.chain, _WALLET)
    await prove(lived.chain, drain)
    theirs = (await lived.chain.http.get("/v1/proof/differences?limit=1")).json()["next_cursor"]
    await prove(chain, drain)
    assert (await proof_of(chain))["state"] == "proved"
    told = await chain.http.get("/v1/proof/differences", params={"cursor": theirs})
    assert told.json() == {"data": [], "next_cursor": None}
    assert len(await rows(chain, "proof")) == 1


def test_every_check_has_words() -> None:
    for check in CHECKS:
        assert all(words_of(check.code)[language] for language in LANGUAGES)


def _counted(kind: str) -> float:
    return REGISTRY.get_sample_value("regulars_proof_differences_total", {"kind": kind}) or 0

"""Segments that every chain has, by name: the list of members takes them as it takes a chain's own."""

from typing import Any

import pytest

from tenants.segments.built_in import built_in
from tenants.segments.names import RFM_NAMES, STAGE_NAMES, built_in_name


@pytest.mark.parametrize(
    "name", ["wallet:held", *(f"rfm:{x}" for x in RFM_NAMES), *(f"stage:{x}" for x in STAGE_NAMES)]
)
def test_each_has_a_condition_and_a_name(name: str) -> None:
    assert built_in(name) is not None
    assert built_in_name(name)


@pytest.mark.parametrize(
    "name", ["rfm:", "rfm:nobody", "stage:champion", "wallet:empty", "tier:gold", "champion", ":", ""]
)
def test_others_are_no_such_segment(name: str) -> None:
    assert built_in(name) is None
    assert built_in_name(name) is None


async def test_the_list_knows_them(chain: Any) -> None:
    for name in ("林悦", "王秀"):
        assert (await chain.http.post("/v1/members", json={"name": name})).status_code == 201
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    top_up = {
        "member_id": lin["id"],
        "branch_id": chain.branch_id,
        "external_id": "w",
        "amount": 5_000,
        "tenders": [{"type": "cash", "amount": 5_000}],
    }
    assert (await chain.http.post("/v1/wallet/top-ups", json=top_up)).status_code == 201
    found = (await chain.http.get("/v1/members?segment=wallet:held")).json()["data"]
    assert [member["name"] for member in found] == ["林悦"]
    assert len((await chain.http.get("/v1/members?segment=stage:new")).json()["data"]) == 2
    assert (await chain.http.get("/v1/members?segment=rfm:nobody")).status_code == 422

"""The calendar of a birthday, wherever a birthday is written; and what is kept on which day follows."""

import json
from typing import Any

import pytest
from support.chains import Chain
from support.till import member, rows


async def mark(chain: Chain, who: str) -> tuple[str, int | None]:
    (row,) = [row for row in await rows(chain, "member") if str(row["id"]) == who]
    return row["birthday_calendar"], row["kept_on"]


async def changed(chain: Chain, who: str, **change: Any) -> dict[str, Any]:
    answer = await chain.http.patch(f"/v1/members/{who}", json=change)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_birthday_is_solar_unless_said_otherwise(chain: Chain) -> None:
    who = await member(chain, birthday="1990-01-27")
    shown = (await chain.http.get(f"/v1/members/{who}")).json()
    assert (shown["birthday"], shown["birthday_calendar"]) == ("1990-01-27", "solar")
    assert "kept_on" not in shown
    assert await mark(chain, who) == ("solar", 127)
    assert await mark(chain, await member(chain)) == ("solar", None)


async def test_a_lunar_birthday_keeps_the_solar_date_of_birth(chain: Chain) -> None:
    who = await member(chain, birthday="1990-01-27", birthday_calendar="lunar")
    shown = (await chain.http.get(f"/v1/members/{who}")).json()
    assert (shown["birthday"], shown["birthday_calendar"]) == ("1990-01-27", "lunar")
    assert await mark(chain, who) == ("lunar", 101)


async def test_calendar_and_birthday_change_each_by_itself(chain: Chain) -> None:
    who = await member(chain, birthday="1990-01-27")
    assert (await changed(chain, who, birthday_calendar="lunar"))["birthday_calendar"] == "lunar"
    assert await mark(chain, who) == ("lunar", 101)
    await changed(chain, who, birthday="1991-02-14")
    assert await mark(chain, who) == ("lunar", 1230)
    await changed(chain, who, birthday=None)
    assert await mark(chain, who) == ("lunar", None)
    await changed(chain, who, birthday="2000-02-29", birthday_calendar="solar")
    assert await mark(chain, who) == ("solar", 229)


@pytest.mark.parametrize(("sent", "code"), [("moon", "not-allowed"), (None, "required")])
async def test_another_calendar_is_refused(chain: Chain, sent: str | None, code: str) -> None:
    who = await member(chain)
    answer = await chain.http.patch(f"/v1/members/{who}", json={"birthday_calendar": sent})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/birthday_calendar", code)]


async def imported(chain: Chain, drain: Any, file: str) -> dict[str, Any]:
    files = {"file": ("m.csv", file.encode(), "text/csv")}
    answer = await chain.http.post(
        "/v1/imports", files=files, data={"options": json.dumps({"kind": "members", "evaluate": False})}
    )
    assert answer.status_code == 202, answer.text
    await drain(chain.tenant_id)
    found: dict[str, Any] = (await chain.http.get(f"/v1/imports/{answer.json()['import_id']}")).json()
    return found


async def test_a_file_of_members_says_the_calendar(chain: Chain, drain: Any) -> None:
    file = (
        "external_id,birthday,birthday_calendar\nA,1990-01-27,农历\nB,1990-01-27,公历\nC,1990-01-27,\nD,,Lunar\n"
        "E,1990-01-27,moon\n"
    )
    done = await imported(chain, drain, file)
    assert (done["imported"], done["failed"]) == (4, 1), done
    found = {row["external_id"]: (row["birthday_calendar"], row["kept_on"]) for row in await rows(chain, "member")}
    assert found == {"A": ("lunar", 101), "B": ("solar", 127), "C": ("solar", 127), "D": ("lunar", None)}
    # Later files change what they name, and say nothing new a second time.
    again = "external_id,birthday,birthday_calendar\nA,,solar\nB,1991-02-14,lunar\nD,1989-02-05,\n"
    await imported(chain, drain, again)
    found = {row["external_id"]: (row["birthday_calendar"], row["kept_on"]) for row in await rows(chain, "member")}
    assert found == {"A": ("solar", 127), "B": ("lunar", 1230), "C": ("solar", 127), "D": ("lunar", 1229)}
    assert (await imported(chain, drain, again))["unchanged"] == 3


async def test_a_merge_takes_a_birthday_with_its_calendar(chain: Chain) -> None:
    survivor, other = await member(chain), await member(chain, birthday="1990-01-27", birthday_calendar="lunar")
    merged = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert merged.json()["birthday_calendar"] == "lunar"
    assert await mark(chain, survivor) == ("lunar", 101)
    third = await member(chain, birthday="1970-05-06")
    await chain.http.post(f"/v1/members/{third}/merge", json={"other_id": survivor})
    assert await mark(chain, third) == ("solar", 506)


async def test_an_erased_member_has_no_birthday(chain: Chain) -> None:
    who = await member(chain, birthday="1990-01-27", birthday_calendar="lunar")
    assert (await chain.http.post(f"/v1/members/{who}/erase", json={})).status_code == 200
    assert await mark(chain, who) == ("solar", None)

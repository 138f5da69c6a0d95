"""A file by the pages: sent, its columns named, checked, imported, its bad rows mended. Without JavaScript."""

import csv
import io
import re
from html import unescape
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, logged_in, new_browser

from saas.file_store import file_store
from saas.scope import connection, tenant_scope

FILE = (
    "会员卡号,手机号,姓名,生日,喜好,门店\r\n"
    "8001,13800138001,林悦,1990-05-01,乌龙,\r\n"
    '8002,12345,"=王,秀",1990-13-01,,\r\n'
    "8003,13800138003,何涵霞,,,\r\n"
)


async def send(
    browser: httpx.AsyncClient, content: bytes, kind: str = "members", filename: str = "会员.csv"
) -> httpx.Response:
    token = csrf_of((await browser.get("/imports")).text)
    fields = {"_csrf": token, "kind": kind}
    return await browser.post("/imports", data=fields, files={"file": (filename, content, "text/csv")})


async def post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of((await browser.get("/imports")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


def chosen(page: str) -> dict[str, str]:
    """The form as it would be sent: each column's selection, and the boxes that are ticked."""
    found = {}
    for name, options in re.findall(r'<select name="(column-\d+)"(.*?)</select>', page, re.DOTALL):
        at = re.search(r'value="([^"]*)" selected', options)
        found[name] = at[1] if at else ""
    return found | dict.fromkeys(re.findall(r'type="checkbox" name="(\w+)" value="yes" checked', page), "yes")


async def test_from_a_file_to_members_and_back_with_what_was_refused(app: Any, chain: Any, drain: Any) -> None:
    async with logged_in(app, chain) as browser:
        sent = await send(browser, FILE.encode("gb18030"))
        assert sent.status_code == 303, sent.text
        page = (await browser.get(sent.headers["location"])).text
        assert "GB18030" in page
        form = chosen(page)
        assert form == {
            "column-0": "card_no",
            "column-1": "phone",
            "column-2": "name",
            "column-3": "birthday",
            "column-4": "",
            "column-5": "branch",
        }
        begun = await post(browser, sent.headers["location"], **form, do="check")
        again = await post(browser, sent.headers["location"], **form, do="check")
        assert begun.status_code == 303, begun.text
        assert again.headers["location"] == begun.headers["location"]  # a second click checks nothing twice
        check = begun.headers["location"]
        assert 'hx-trigger="every 1s"' in (await browser.get(check)).text
        await drain(chain.tenant_id)
        page = (await browser.get(check)).text
        assert "Checked: 1 row would be refused" in page
        assert "hx-trigger" not in page
        assert "Import 2 rows" in page
        assert (await chain.http.get("/v1/members")).json()["data"] == []

        went = await post(browser, f"{check}/go")
        assert went.status_code == 303
        assert (await post(browser, f"{check}/go")).headers["location"] == went.headers["location"]
        run = went.headers["location"]
        assert run != check
        await drain(chain.tenant_id)
        page = (await browser.get(run)).text
        assert "Imported; 1 row was refused." in page
        assert "must be" in page or "not a" in page
        assert {m["name"] for m in (await chain.http.get("/v1/members")).json()["data"]} == {"林悦", "何涵霞"}

        download = await browser.get(f"{run}/failed.csv")
        assert download.status_code == 200
        rows = list(csv.reader(io.StringIO(download.content.decode("utf-8-sig"))))
        assert rows[0][1:] == ["会员卡号", "手机号", "姓名", "生日", "喜好", "门店"]
        assert rows[1][1:] == ["8002", "12345", "=王,秀", "1990-13-01", "", ""]
        assert rows[1][0].startswith("手机号: ")
        assert len(rows) == 2

        mended = download.text.replace("12345", "13800138002").replace("1990-13-01", "1990-12-01")
        once_more = await send(browser, mended.encode())
        form = chosen((await browser.get(once_more.headers["location"])).text)
        done = await post(browser, once_more.headers["location"], **form, do="import")
        await drain(chain.tenant_id)
        assert "Everything is in." in (await browser.get(done.headers["location"])).text
        former = (await browser.get("/imports")).text
        assert former.count('class="row-link"') == 3
        assert ">check<" in former.replace("· check", ">check<")


async def test_the_same_file_twice_changes_nothing(app: Any, chain: Any, drain: Any) -> None:
    async with logged_in(app, chain) as browser:
        for expected in ((2, 0), (0, 2)):
            sent = await send(browser, FILE.replace("12345", "13800138002").replace("8002,", "8002 x,").encode())
            form = chosen((await browser.get(sent.headers["location"])).text)
            begun = await post(browser, sent.headers["location"], **form, do="import")
            await drain(chain.tenant_id)
            told = (await chain.http.get(f"/v1{begun.headers['location']}")).json()
            assert (told["imported"], told["unchanged"]) == expected


@pytest.mark.parametrize(
    ("content", "filename", "text"),
    [
        (b"", "a.csv", "the file is empty"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08", "a.xlsx", "the file is not CSV"),
        ("a,b".encode("utf-16"), "a.csv", "UTF-16"),
        (b'"a,b\nc', "a.csv", "not valid CSV"),
        (b",,,\n1,2,3,4\n", "a.csv", "the file is empty"),
    ],
)
async def test_what_is_no_table_is_said_beside_the_file(
    app: Any, chain: Any, content: bytes, filename: str, text: str
) -> None:
    async with logged_in(app, chain) as browser:
        answer = await send(browser, content, "purchases", filename)
        assert answer.status_code == 422
        assert text in answer.text
        assert 'aria-describedby="wrong-file about-file" aria-invalid="true"' in answer.text
        assert 'value="purchases" checked' in answer.text  # what was chosen stays
        nothing = await send(browser, b"", "purchases", "")
        assert nothing.status_code == 422
    async with tenant_scope(chain.tenant_id):
        assert await connection().fetchval("SELECT count(*) FROM import_upload") == 0


async def test_columns_at_fault_are_marked_and_the_rest_kept(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        sent = await send(browser, b"receipt,who,when,what,what\nT1,M1,2026-01-05,1,2\n", "purchases")
        at = sent.headers["location"]
        form = {"column-0": "external_id", "column-1": "member", "column-2": "member", "column-3": "amount"}
        twice = await post(browser, at, **form)
        assert twice.status_code == 422
        assert twice.text.count('aria-invalid="true"') == 2
        assert 'aria-describedby="about-column-1"' in twice.text
        assert chosen(twice.text)["column-0"] == "external_id"
        form["column-2"] = ""
        lacking = await post(browser, at, **form)
        assert lacking.status_code == 422
        assert "Time of sale required" in lacking.text
        repeated = await post(browser, at, **{**form, "column-2": "occurred_at"})
        assert 'id="about-column-3"' in repeated.text  # two columns of this name
        assert (await post(browser, at)).status_code == 422
        assert (await post(browser, at, **{"column-0": "no-such-field"})).status_code == 422


async def test_it_can_be_cancelled_and_begun_again(app: Any, chain: Any, drain: Any) -> None:
    async with logged_in(app, chain) as browser:
        sent = await send(browser, b"phone\n13800138001\n")
        form = chosen((await browser.get(sent.headers["location"])).text)
        begun = await post(browser, sent.headers["location"], **form, do="import")
        run = begun.headers["location"]
        assert (await post(browser, f"{run}/cancel")).headers["location"] == run
        assert (await post(browser, f"{run}/cancel")).status_code == 303
        await drain(chain.tenant_id)
        assert "the import was cancelled" in (await browser.get(run)).text
        assert (await chain.http.get("/v1/members")).json()["data"] == []
        job = (await chain.http.get(f"/v1/jobs/{run.rpartition('/')[2]}")).json()
        assert (job["state"], job["error"]) == ("failed", {"code": "import-cancelled"})
        acts = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
        assert acts.count("import.cancel") == 1
        other = await post(browser, sent.headers["location"], **form, do="import")
        assert other.headers["location"] != run
        await drain(chain.tenant_id)
        assert len((await chain.http.get("/v1/members")).json()["data"]) == 1


async def test_the_api_lists_and_cancels(imports: Any) -> None:
    sent = (await imports.send("phone\n13800138001\n", "members")).json()["import_id"]
    stopped = await imports.http.post(f"/v1/imports/{sent}/cancel")
    assert (stopped.status_code, stopped.json()["error"]["code"]) == (200, "import-cancelled")
    listed = (await imports.http.get("/v1/imports")).json()["data"]
    assert [(one["id"], one["state"], one["filename"]) for one in listed] == [(sent, "failed", "file.csv")]
    done = await imports.run("phone\n13800138001\n", "members")
    same = await imports.http.post(f"/v1/imports/{done['id']}/cancel")
    assert (same.json()["state"], same.json()["imported"]) == ("done", 1)


async def test_files_are_gone_after_three_days(app: Any, chain: Any, drain: Any) -> None:
    from saas.outbox import enqueue

    async with logged_in(app, chain) as browser:
        at = (await send(browser, b"phone\n1\n")).headers["location"]
        async with tenant_scope(chain.tenant_id):
            await connection().execute(
                "UPDATE import_upload SET created_at = created_at - interval '73 hours' WHERE tenant_id = $1",
                chain.tenant_id,
            )
            await enqueue("imports.sweep", {})
        await drain(chain.tenant_id)
        assert (await browser.get(at)).status_code == 404
        assert (await post(browser, at, do="check")).status_code == 404


async def test_examples_are_understood_by_themselves(app: Any, chain: Any) -> None:
    for language in ("en", "zh-CN"):
        async with logged_in(app, chain, language=language) as browser:
            for kind in ("members", "purchases", "activities", "opening_balances"):
                file = await browser.get(f"/imports/example.csv?kind={kind}")
                assert file.headers["content-type"] == "text/csv; charset=utf-8"
                assert file.content.startswith(b"\xef\xbb\xbf")
                sent = await send(browser, file.content, kind)
                form = chosen((await browser.get(sent.headers["location"])).text)
                fields = [value for name, value in form.items() if name.startswith("column-")]
                assert all(fields), (language, kind, form)
                assert len(set(fields)) == len(fields)
            assert (await browser.get("/imports/example.csv?kind=nothing")).status_code == 404


async def test_another_sites_form_sends_no_file(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        files = {"file": ("a.csv", b"phone\n1\n", "text/csv")}
        for token in ({}, {"_csrf": "x"}):
            assert (await browser.post("/imports", data={"kind": "members", **token}, files=files)).status_code == 403
    async with new_browser(app) as nobody:
        assert (await nobody.post("/imports", data={"kind": "members"}, files=files)).status_code == 303


async def test_a_name_is_text_and_nothing_else(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        sent = await send(browser, b"<b>phone</b>,phone\n<i>1</i>,2\n", filename='<script>"x".csv')
        page = (await browser.get(sent.headers["location"])).text
        assert "<b>phone" not in page
        assert "<i>1" not in page
        assert '<script>"x' not in page
        assert unescape("&lt;b&gt;phone&lt;/b&gt;") in unescape(page)


async def test_what_was_sent_goes_when_somebody_is_erased(app: Any, chain: Any, drain: Any) -> None:
    """A file isn't searched: whoever is in it, in whatever spelling, is gone with it."""
    async with logged_in(app, chain) as browser:
        at = (await send(browser, FILE.encode())).headers["location"]
        begun = await post(browser, at, **chosen((await browser.get(at)).text), do="check")
        await drain(chain.tenant_id)
        assert f"{begun.headers['location']}/failed.csv" in (await browser.get(begun.headers["location"])).text
        async with tenant_scope(chain.tenant_id):
            (path,) = await connection().fetchrow(
                "SELECT file FROM import_upload WHERE tenant_id = $1", chain.tenant_id
            )
        assert (file_store().root / path).exists()
        one = (await chain.http.post("/v1/members", json={"name": "林悦", "phone": "13800138001"})).json()["id"]
        assert (await chain.http.post(f"/v1/members/{one}/erase")).status_code == 200
        assert not (file_store().root / path).exists()
        assert (await browser.get(at)).status_code == 404
        assert "failed.csv" not in (await browser.get(begun.headers["location"])).text
        assert (await browser.get(f"{begun.headers['location']}/failed.csv")).status_code == 404
        gone = await post(browser, f"{begun.headers['location']}/go")
        assert gone.headers["location"] == "/imports?done=gone"
        assert "when a member’s data is erased" in (await browser.get("/imports?done=gone")).text


async def test_who_may_not_import(app: Any, chain: Any, drain: Any) -> None:
    """Nor look at what others brought in: its errors quote whole phone numbers; nor stop it."""
    from support.colleagues import PASSWORD, hire

    async with logged_in(app, chain) as browser:
        at = (await send(browser, FILE.encode())).headers["location"]
        run = (await post(browser, at, **chosen((await browser.get(at)).text), do="check")).headers["location"]
    for role in ("analyst", "clerk"):
        hired = await hire(app, chain, role=role)
        async with new_browser(app) as browser:
            await log_in(browser, hired["email"], PASSWORD)
            csrf = {"X-CSRF-Token": csrf_of((await browser.get("/overview")).text)}
            assert (await browser.get("/imports")).status_code == 403
            for path in (at, run, f"{run}/failed.csv", f"/v1{run}", f"/v1{run}/errors.csv", "/v1/imports"):
                assert (await browser.get(path)).status_code in {403, 404}, (role, path)
            for path in (f"{run}/cancel", f"{run}/go", f"/v1{run}/cancel"):
                assert (await browser.post(path, headers=csrf)).status_code in {403, 404}, (role, path)
    asked = {"name": "till", "scopes": ["purchases:write"]}
    key = (await chain.http.post("/v1/api-keys", json=asked)).json()["key"]
    till = {"Authorization": f"Bearer {key}"}  # it brings in sales: members' files are none of its business
    for path in (f"/v1{run}", f"/v1{run}/errors.csv"):
        assert (await chain.http.get(path, headers=till)).status_code == 404
    assert (await chain.http.post(f"/v1{run}/cancel", headers=till)).status_code == 404
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1{run}")).json()["state"] == "done"


async def test_balances_are_brought_in_by_who_may_move_money(imports: Any) -> None:
    asked = {"name": "app", "scopes": ["members:write"]}
    key = (await imports.http.post("/v1/api-keys", json=asked)).json()["key"]
    files = {
        "file": ("a.csv", b"phone,principal\n13800138001,5000\n", "text/csv"),
        "options": (None, '{"kind": "opening_balances"}'),
    }
    mine = {"Authorization": f"Bearer {key}"}
    assert (await imports.http.post("/v1/imports", files=files, headers=mine)).status_code == 403
    assert (await imports.http.post("/v1/imports", files=files)).status_code == 202

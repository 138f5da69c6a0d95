"""What goes over the wire, what comes again, and what is raised: against a server that is played."""

import asyncio
import gc
import inspect
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
from regulars_client import AsyncRegulars, Regulars, Retries, errors, meta, problems

ID = UUID("01a203e1-2455-74a6-96e6-38684999ba20")
PURCHASE = {"branch_id": ID, "external_id": "T-1", "amount": 100}
BUSY = httpx.Response(503, headers={"Retry-After": "2"})


class Played:
    """Answers in turn what is given (an error is raised); keeps what was asked, and the seconds waited between."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)  # each is read once

    async def awaited(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


Run = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(played, lambda client: client.members.get(ID))`: by either client, without waiting."""

    def run(played: Played, call: Callable[[Any], Any], **options: Any) -> Any:
        given: dict[str, Any] = {"key": "rk_test_secret", "base_url": "https://x.example/", **options}
        if request.param == "sync":
            monkeypatch.setattr(time, "sleep", played.waited.append)
            with httpx.Client(transport=httpx.MockTransport(played)) as http:
                answer = call(Regulars(**given, http_client=http))
                return [*answer] if isinstance(answer, Iterator) else answer
        return asyncio.run(by_awaiting(played, call, given))

    async def by_awaiting(played: Played, call: Callable[[Any], Any], given: dict[str, Any]) -> Any:
        async def sleep(seconds: float) -> None:
            played.waited.append(seconds)

        monkeypatch.setattr(anyio, "sleep", sleep)
        async with httpx.AsyncClient(transport=httpx.MockTransport(played.awaited)) as http:
            answer = call(AsyncRegulars(**given, http_client=http))
            return await answer if inspect.isawaitable(answer) else [each async for each in answer]

    return run


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    told = {"type": f"/problems/{code}", "title": "T", "status": status, "detail": "D", "instance": "r", **more}
    content = {"Content-Type": "application/problem+json", "X-Request-Id": "r-1"}
    return httpx.Response(status, content=json.dumps(told), headers=content)


def test_a_call_as_it_is_sent(run: Run) -> None:
    played = Played(httpx.Response(201, json={"id": "1"}, headers={"ETag": '"7"', "X-Request-Id": "r-9"}))
    made = run(played, lambda client: client.members.create(name="王芳", joined_on=date(2026, 1, 2), branch_id=ID))
    (request,) = played.asked
    assert (request.method, str(request.url)) == ("POST", "https://x.example/v1/members")
    assert json.loads(request.content) == {"name": "王芳", "joined_on": "2026-01-02", "branch_id": str(ID)}
    assert request.headers["authorization"] == "Bearer rk_test_secret"
    assert request.headers["regulars-version"] == "2026-11-01"
    assert len(request.headers["idempotency-key"]) == 36
    assert made == {"id": "1"}
    assert (meta(made).etag, meta(made).request_id, meta(made).replayed) == ('"7"', "r-9", False)
    assert json.loads(json.dumps(made)) == made
    with pytest.raises(TypeError, match="has a head"):
        meta(dict(made))


def test_a_version_is_asked_for(run: Run) -> None:
    played = Played(problem(412, "stale"))
    with pytest.raises(errors.PreconditionError):
        run(played, lambda client: client.members.update(ID, name="x", if_match='"3"'))
    assert played.asked[0].headers["if-match"] == '"3"'
    assert "idempotency-key" not in played.asked[0].headers


def test_a_segment_never_leaves_its_place(run: Run) -> None:
    played = Played(httpx.Response(200, json={}))
    run(played, lambda client: client.cards.report_lost("a/../b?c#d 卡"))
    assert played.asked[0].url.raw_path == b"/v1/cards/a%2F..%2Fb%3Fc%23d%20%E5%8D%A1/report-lost"
    for empty in ("", ".", ".."):
        with pytest.raises(ValueError, match="part of an address"):
            run(Played(), lambda client, at=empty: client.members.get(at))


def test_a_time_without_an_offset_is_refused_before_it_is_sent(run: Run) -> None:
    naive = datetime(2026, 1, 2)  # noqa: DTZ001 - that is the mistake
    with pytest.raises(ValueError, match="no offset"):
        run(Played(), lambda client: client.purchases.create(**PURCHASE, occurred_at=naive))


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone"), httpx.Response(500)])
def test_a_post_comes_again_with_its_key(run: Run, lost: Any) -> None:
    played = Played(lost, BUSY, httpx.Response(201, json={"id": "1"}, headers={"Idempotent-Replayed": "true"}))
    bought = run(played, lambda client: client.purchases.create(**PURCHASE))
    assert len({request.headers["idempotency-key"] for request in played.asked}) == 1
    assert len({request.content for request in played.asked}) == 1
    assert meta(bought).replayed
    assert 0.25 <= played.waited[0] <= 0.5
    assert played.waited[1] == 2


def test_ones_own_key_goes_along(run: Run) -> None:
    played = Played(httpx.Response(201, json={}))
    run(played, lambda client: client.purchases.create(**PURCHASE, idempotency_key="T-1"))
    assert played.asked[0].headers["idempotency-key"] == "T-1"


def test_a_question_needs_no_key(run: Run) -> None:
    played = Played(httpx.ReadTimeout("slow"), httpx.Response(200, json={"paid": 100}))
    run(played, lambda client: client.quotes.create(branch_id=ID, amount=100))
    assert [request.headers.get("idempotency-key") for request in played.asked] == [None, None]


def test_after_all_tries_the_key_is_told(run: Run) -> None:
    played = Played(*[httpx.ReadTimeout("slow")] * 3)
    with pytest.raises(errors.NotReachedError, match="POST /v1/purchases got no answer") as lost:
        run(played, lambda client: client.purchases.create(**PURCHASE), retries=Retries(times=2))
    assert lost.value.idempotency_key == played.asked[0].headers["idempotency-key"]
    assert len(played.asked) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.members.delete(ID),
        lambda client: client.members.update(ID, name="x", if_match='"3"'),
    ],
)
def test_what_may_have_been_done_and_would_say_otherwise_isnt_sent_twice(run: Run, call: Any) -> None:
    played = Played(httpx.ReadTimeout("slow"))
    with pytest.raises(errors.NotReachedError):
        run(played, call)
    never_sent = Played(httpx.ConnectError("refused"), BUSY, httpx.Response(204))
    run(never_sent, call)
    assert len(never_sent.asked) == 3


def test_one_that_is_still_at_work_is_waited_for(run: Run) -> None:
    busy = problem(409, "idempotency-in-progress")
    busy.headers["Retry-After"] = "1"
    played = Played(busy, httpx.Response(201, json={}))
    run(played, lambda client: client.purchases.create(**PURCHASE))
    assert played.waited == [1]


def test_a_date_is_waited_for_and_an_hour_isnt(run: Run) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    played = Played(httpx.Response(429, headers={"Retry-After": soon}), httpx.Response(200, json={}))
    run(played, lambda client: client.tenant.get())
    assert 0 < played.waited[0] <= 30
    refused = problem(429, "rate-limited", policy="key")
    refused.headers["Retry-After"] = "3600"
    with pytest.raises(problems.RateLimited) as limited:
        run(Played(refused), lambda client: client.tenant.get())
    assert limited.value.extensions == {"policy": "key"}


def test_a_refusal_is_an_exception_of_its_type(run: Run) -> None:
    fault = {"pointer": "/phone", "code": "phone-invalid", "message": "no number"}
    for told, kind in (
        (problem(409, "phone-taken"), problems.PhoneTaken),
        (problem(422, "validation-failed", errors=[fault]), problems.ValidationFailed),
        (problem(418, "unheard-of"), errors.ProblemError),
        (problem(404, "newer-than-this-client"), errors.NotFoundError),
        (httpx.Response(413, text="<html>"), errors.ProblemError),
    ):
        with pytest.raises(errors.ProblemError) as refused:
            run(Played(told), lambda client: client.members.create(phone="1"))
        assert type(refused.value) is kind
        assert refused.value.status == told.status_code
        assert refused.value.idempotency_key
        if kind is problems.ValidationFailed:
            assert refused.value.errors == (errors.FieldFault("/phone", "phone-invalid", "no number"),)
            assert str(refused.value) == "422 validation-failed: D; /phone: no number (request r-1)"


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>log in</html>"), httpx.Response(302, headers={"Location": "/login"})]
)
def test_what_isnt_the_api_is_said(run: Run, answer: httpx.Response) -> None:
    with pytest.raises(errors.UnexpectedAnswerError) as other:
        run(Played(answer), lambda client: client.tenant.get())
    assert other.value.status == answer.status_code


def test_a_list_goes_through_its_pages(run: Run) -> None:
    first = httpx.Response(200, json={"data": [{"id": "1"}, {"id": "2"}], "next_cursor": "c/+="})
    last = httpx.Response(200, json={"data": [{"id": "3"}], "next_cursor": None})
    played = Played(first, BUSY, last)

    def walk(client: Any) -> Any:
        listed = client.members.list(tag="常客", limit=2)
        return [each["id"] for each in listed] if isinstance(client, Regulars) else listed

    assert [each if isinstance(each, str) else each["id"] for each in run(played, walk)] == ["1", "2", "3"]
    asked = [dict(request.url.params) for request in played.asked]
    assert asked == [{"tag": "常客", "limit": "2"}] + [{"tag": "常客", "limit": "2", "cursor": "c/+="}] * 2


@pytest.mark.parametrize("source", [lambda: b"phone\n1\n", lambda: io.BytesIO(b"phone\n1\n")])
def test_a_file_goes_from_its_beginning_each_time(run: Run, source: Callable[[], Any]) -> None:
    played = Played(httpx.Response(502), httpx.Response(202, json={"import_id": "1", "job_id": "2"}))
    file = source()
    run(played, lambda client: client.imports.create(file, kind="members", dry_run=True))
    for request in played.asked:
        assert b'name="options"\r\n\r\n{"kind": "members", "dry_run": true}' in request.content
        assert b"phone\n1\n" in request.content


def test_a_stream_goes_once(run: Run) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    for lost in (httpx.Response(502), httpx.Response(503)):
        with pytest.raises(errors.ServerError):
            run(Played(lost), lambda client: client.imports.create(Pipe(b"phone\n1\n"), kind="members"))


def test_a_files_bytes_come_as_they_are(run: Run) -> None:
    told = "\ufeff行,列\r\n".encode()
    played = Played(httpx.Response(200, content=told, headers={"Content-Type": "text/csv; charset=utf-8"}))
    assert run(played, lambda client: client.imports.errors_csv(ID)) == told


def test_a_download_is_there_when_all_of_it_is(run: Run, tmp_path: Path) -> None:
    to = tmp_path / "chain.zip"
    link = "https://files.example/signed"
    played = Played(httpx.Response(200, content=b"PK" * 70_000))
    assert run(played, lambda client: client.download(link, to)) == 140_000
    assert to.read_bytes() == b"PK" * 70_000
    assert "authorization" not in played.asked[0].headers
    to.unlink()
    for answer, kind in (
        (problem(410, "export-link-expired"), problems.ExportLinkExpired),
        (httpx.ReadError("the cable"), errors.NotReachedError),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), errors.UnexpectedAnswerError),
    ):
        with pytest.raises(kind):
            run(Played(answer), lambda client: client.download(link, to))
    assert not list(tmp_path.iterdir())


class Breaking(Played, httpx.SyncByteStream, httpx.AsyncByteStream):
    """Begins to answer, and is gone."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self)

    def __iter__(self) -> Iterator[bytes]:
        yield b"PK"
        raise httpx.ReadError("the cable")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


def test_of_a_download_that_breaks_off_nothing_is_left(run: Run, tmp_path: Path) -> None:
    with pytest.raises(errors.NotReachedError):
        run(Breaking(), lambda client: client.download("https://files.example/signed", tmp_path / "chain.zip"))
    assert not list(tmp_path.iterdir())


def test_waiting_ends_with_what_is_over(run: Run) -> None:
    states = [{"state": "queued"}, {"state": "running"}, {"state": "done", "result": 1}]
    played = Played(*[httpx.Response(200, json=state) for state in states])
    assert run(played, lambda client: client.wait_for_job(str(ID)))["result"] == 1
    played = Played(httpx.Response(200, json={"state": "running", "rows": 3}))
    with pytest.raises(errors.StillRunningError) as waiting:
        run(played, lambda client: client.wait_for_import(str(ID), timeout=0))
    assert waiting.value.last["rows"] == 3


def test_any_call_can_be_made_by_its_address(run: Run) -> None:
    played = Played(httpx.Response(200, json=[1]))
    assert run(played, lambda client: client.request("post", "/v1/newer", query={"a": [1, 2]}, body={"b": ID})) == [1]
    assert str(played.asked[0].url) == "https://x.example/v1/newer?a=1&a=2"
    assert played.asked[0].headers["idempotency-key"]


def test_a_client_ends_its_own_connections_only() -> None:
    theirs = httpx.Client()
    Regulars(base_url="https://x.example", http_client=theirs).close()
    assert not theirs.is_closed
    theirs.close()
    forgotten = Regulars(base_url="https://x.example")
    own = forgotten._http
    del forgotten
    gc.collect(1)
    assert own.is_closed


def test_key_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_URL", "https://y.example")
    monkeypatch.setenv("REGULARS_KEY", "rk_live_secret")
    with Regulars(language="en") as client:
        assert repr(client) == "Regulars('https://y.example')"
        assert "secret" not in repr(vars(client.members))
    monkeypatch.delenv("REGULARS_URL")
    with pytest.raises(ValueError, match="REGULARS_URL"):
        Regulars("rk_live_secret")


def job_at(progress: float, state: str, number: int) -> str:
    told = json.dumps({"id": str(ID), "state": state, "progress": progress})
    return f"id: e{number}\r\nevent: {state}\r\ndata: {told}\r\n\r\n"


def stream(*parts: str) -> httpx.Response:
    return httpx.Response(
        200, headers={"Content-Type": "text/event-stream"}, text="retry: 1000\r\n\r\n" + "".join(parts)
    )


def test_a_job_is_followed_over_streams_that_end_and_lines_that_break(run: Run) -> None:
    played = Played(
        stream(job_at(0, "queued", 1), ": still there\r\n\r\n", job_at(0.5, "running", 2)),
        BUSY,
        httpx.ConnectError("gone"),
        stream(),
        stream(job_at(1, "done", 3), job_at(1, "done", 4)),
    )
    jobs = list(run(played, lambda client: client.follow_job(ID)))
    assert [job["progress"] for job in jobs] == [0, 0.5, 1]
    assert [request.headers.get("last-event-id") for request in played.asked] == [None, "e2", "e2", "e2", "e2"]
    assert {request.url.path for request in played.asked} == {f"/v1/jobs/{ID}/events"}
    assert played.asked[0].headers["accept"].startswith("text/event-stream")
    assert played.waited[0] == 2


def test_a_job_that_is_over_for_long_tells_nothing_and_one_that_isnt_there_is_refused(run: Run) -> None:
    assert list(run(Played(httpx.Response(204)), lambda client: client.follow_job(ID))) == []
    with pytest.raises(problems.NotFound):
        list(run(Played(problem(404, "not-found")), lambda client: client.follow_job(ID)))
    with pytest.raises(errors.StillRunningError):
        list(run(Played(), lambda client: client.follow_job(ID, timeout=0)))

"""Whatever is logged, by whomever: one line with its request's id, and no secret in it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import granian.log
import pydantic
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from saas.logs import REDACTED, Format, Level, configure_logging, log_config, redact, scrub

SECRET = "hunter2hunter2"
KEY = f"rk_live_0198b2f27a3b_{SECRET}_a1b2c3"

TEXTS = [
    f"Authorization: Bearer {KEY}",
    f"authorization: Basic {SECRET}==",
    f"got {KEY}, refused",
    f"rk_test_ab_{SECRET}_00",
    f"GET /v1/members?token={SECRET}&limit=5",
    f"GET /x?api_key={SECRET}",
    f"postgresql://app:{SECRET}@127.0.0.1:5432/regulars?sslmode=require",
    f"postgresql://app:p@ss:{SECRET}@db/regulars",
    f"redis://:{SECRET}@127.0.0.1/0",
    f"host=db user=app password={SECRET} dbname=regulars",
    f"host=db password='{SECRET} x' dbname=regulars",
    f'{{"email": "a@b.cn", "password": "{SECRET}", "locale": "en"}}',
    f'{{"password":"\\"{SECRET}"}}',
    f"{{'new_password': '{SECRET}', 'n': 1}}",
    f"Cookie: theme=dark; session={SECRET}; csrf=1",
    f"Set-Cookie: sid={SECRET}; HttpOnly",
    f"[(b'host', b'x'), (b'cookie', b'a=b; sid={SECRET}'), (b'authorization', b'Bearer {SECRET}')]",
    f"sk_test_{SECRET}",
    f"whsec_{SECRET}",
    f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
    f"1 validation error\nname\n  wrong [type=x, input_value='{SECRET}', input_type=str]",
    f"duplicate key value violates unique constraint\nDETAIL:  Key (phone)=({SECRET}) already exists.",
    f"secret_keys={SECRET},{REDACTED}",
]
NAMES = [
    *(
        "authorization",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "password",
        "new_password",
        "passwd",
        "secret",
    ),
    *(
        "secret_keys",
        "token",
        "csrf_token",
        "X-CSRF-Token",
        "api_key",
        "apikey",
        "API-Key",
        "session_id",
        "dsn",
    ),
    *(
        "database_url",
        "GATE_DATABASE_URL",
        "redis_url",
        "private_key",
        "pin",
        "card_pin",
        "otp",
        "webhook_secret",
    ),
    *("body", "request_body", "response_body", "form", "payload", "raw"),
]


Lines = Callable[[], list[dict[str, Any]]]
Configure = Callable[[Format, Level], io.StringIO]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """The process's logging, writing to memory; the test run's own is put back afterwards."""
    root = logging.getLogger()
    kept = (root.handlers[:], root.level)

    def configured(log_format: Format, level: Level = "DEBUG") -> io.StringIO:
        configure_logging(log_format, level)
        return _memory()

    yield configured
    root.handlers[:], root.level = kept
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _memory() -> io.StringIO:
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written := io.StringIO())
    return written


def _read(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def lines(configure: Configure) -> Lines:
    written = configure("json", "DEBUG")
    return lambda: _read(written)


def _logger() -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("test.logs")
    return logger


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_in_a_text_is_struck_out(text: str) -> None:
    assert SECRET not in scrub(text)
    assert REDACTED in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "member 0198b2f2-7a3b-7000-8000-000000000000 is gold, ¥1,234.50",
        "GET /v1/members?limit=5&cursor=abc 200 in 3.1 ms",
        "postgresql://127.0.0.1:5432/regulars",
        "http://127.0.0.1:8000 mails nobody, 13800138 is no phone, 12345678901 neither",
        "basic tier, bearer of a card",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no answer for 13800138000.", f"no answer for {REDACTED}."),
        ("Key (phone)=(+8613800138000)", f"Key (phone)=({REDACTED})"),
        (
            "refused: {'wang.xf+1@qinghe.example': (550, b'no')}",
            f"refused: {{'{REDACTED}@qinghe.example': (550, b'no')}}",
        ),
        ("018e1380-0138-7000-8000-013800138000", "018e1380-0138-7000-8000-013800138000"),
    ],
)
def test_who_it_was_is_struck_out(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_gets_through_the_pipeline(configure: Configure, log_format: Format) -> None:
    output = configure(log_format, "DEBUG")
    log, foreign = _logger(), logging.getLogger("dramatiq.worker.WorkerThread")
    for text in TEXTS:
        log.info(text, note=text, deep={"list": [text, (text,)], text: {text}}, blob=text.encode())
        foreign.warning("said %s", text)
        foreign.error(text)
        try:
            raise RuntimeError(text)  # noqa: TRY301 - a traceback is wanted
        except RuntimeError:
            log.exception("failed")
            foreign.exception("failed")
    for name in NAMES:
        log.info("named", **{name: SECRET}, deep={"headers": {name: [SECRET]}, "pairs": [(name, SECRET)]})
        log.info("raw pairs", headers=[(name.encode(), SECRET.encode())])
    assert SECRET not in output.getvalue()
    assert REDACTED in output.getvalue()


def test_chained_errors_and_what_they_quote(lines: Lines) -> None:
    class Login(pydantic.BaseModel):
        password: int

    try:
        try:
            Login.model_validate({"password": SECRET})
        except pydantic.ValidationError as error:
            raise ConnectionError(f"postgres://app:{SECRET}@db/x") from error
    except ConnectionError:
        _logger().exception("failed", request=Login)
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert "ConnectionError" in line["exception"]
    assert "ValidationError" in line["exception"]
    assert "Traceback" in line["exception"]


def test_every_line_tells_its_request_and_tenant(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1", tenant_id="t1"):
        _logger().info("recorded", amount=5, members=[1, 2.5, None, True])
        logging.getLogger("piccolo").warning("slow: %d ms", 7)
    _logger().info("after")
    ours, theirs, after = lines()
    for line in (ours, theirs):
        assert (line["request_id"], line["tenant_id"]) == ("r1", "t1")
        assert line["timestamp"].endswith("Z")
    assert (ours["event"], ours["amount"], ours["members"]) == ("recorded", 5, [1, 2.5, None, True])
    assert (ours["level"], ours["logger"]) == ("info", "test.logs")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("slow: 7 ms", "piccolo", "warning")
    assert "request_id" not in after


@pytest.mark.parametrize(
    "name",
    ["_granian", "granian.access", "uvicorn.error", "uvicorn.access", "dramatiq", "asyncio", "piccolo"],
)
def test_the_libraries_go_the_same_way(lines: Lines, name: str) -> None:
    logging.getLogger(name).warning("%s speaks", name)
    (line,) = lines()
    assert (line["event"], line["logger"]) == (f"{name} speaks", name)


def test_granian_takes_our_configuration(configure: Configure) -> None:
    configure("json", "INFO")
    granian.log.configure_logging(granian.log.LogLevels.info, log_config("json", "INFO"))
    output = _memory()
    logging.getLogger("_granian").info("Spawning worker")
    logging.getLogger("granian.access").info('"%(path)s"', {"path": f"/x?token={SECRET}"})
    first, second = _read(output)
    assert first["event"] == "Spawning worker"
    assert SECRET not in second["event"]


def test_levels_hold(configure: Configure) -> None:
    output = configure("json", "WARNING")
    _logger().info("quiet")
    logging.getLogger("dramatiq").info("quiet")
    _logger().warning("loud")
    assert [line["event"] for line in _read(output)] == ["loud"]


def test_line_breaks_forge_no_line(lines: Lines) -> None:
    _logger().info('x\n{"event": "forged"}')
    assert len(lines()) == 1


def test_long_texts_keep_their_ends_and_take_no_time() -> None:
    for text in (
        "a" * 10**6,
        "\n" * 10**6,
        " " * 10**6,
        "token" * 10**5,
        "a://" * 10**5,
        "password=" * 10**5,
        "input_value=" * 10**5,
    ):
        assert len(scrub(text)) < 21_000
    assert scrub("start " + "x" * 50_000 + " end").endswith(" end")


@given(
    st.recursive(
        st.text() | st.binary() | st.floats() | st.none(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
    )
)
def test_nothing_that_is_logged_can_break_the_pipeline(value: Any) -> None:
    json.dumps(redact(None, "info", {"event": "x", "value": value}))

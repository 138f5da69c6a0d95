"""Structured logs: one JSON object a line (or a console line), whoever wrote it, and no secrets in any.

Our own loggers are structlog's; the libraries' (Granian, Dramatiq, Piccolo, asyncio) go the same way. Each
line carries what is bound to the context: `request_id`, `tenant_id`. Bodies are never logged: what holds one
is struck out by its name, and secrets that slip into texts by their form.
"""

import logging
import logging.config
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["console", "json"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

REDACTED: Final = "[redacted]"
_DEEPEST: Final = 8
_LONGEST_READ: Final = 200_000
_LONGEST_KEPT: Final = 20_000

# Of a key's name, any part of which is enough; and whole names that hold what a caller sent.
_SECRET_NAME: Final = re.compile(
    r"authori[sz]ation|cookie|passw(?:or)?d|passphrase|secret|token|api[-_]?key|csrf|session|signature"
    r"|credential|private[-_]?key|dsn|database[-_]?url|redis[-_]?url|(?:^|[-_])(?:pin|otp)$",
    re.IGNORECASE,
)
_BODY_NAMES: Final = frozenset({"body", "raw", "form", "payload", "data", "json", "input", "content"})
_BODY_NAME: Final = re.compile(r"(?:request|response)[-_](?:body|data)$", re.IGNORECASE)

_NAMED: Final = (
    r"((?:passw(?:or)?d|secret|token|api_?key|cookie|authorization)[\w-]{0,40}[\"']?\s{0,4}[=:]\s{0,4})"
    r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&,;)}\]]+)"
)
_IN_TEXT: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), replacement)
    for pattern, replacement in (
        # our keys, Stripe's and its webhooks' (also Standard Webhooks), JSON web tokens
        (r"\brk_[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*", f"rk_{REDACTED}"),
        (r"\b(sk|pk|whsec)_[A-Za-z0-9_+/=]{6,}", rf"\1_{REDACTED}"),
        (r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*", REDACTED),
        (r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", rf"\1 {REDACTED}"),
        # user:password@host in any URL; the password may hold an @
        (r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]*):[^\s/]+@", rf"\1:{REDACTED}@"),
        (r"\b((?:set-)?cookie|authorization)\s*:.*$", rf"\1: {REDACTED}"),
        (r"(['\"](?:(?:set-)?cookie|authorization)['\"],\s*b?)(['\"])[^'\"]*\2", rf"\1\2{REDACTED}\2"),
        # whom it is about: phones as members' and in E.164, and the names in front of the @ of e-mail addresses
        (r"(?<![\w.])(?:\+\d{8,15}|1[3-9]\d{9})(?!\w)", REDACTED),
        (r"(?<![\w.+-])[\w.+-]{1,64}@(?=[\w-]{1,63}(?:\.[\w-]{1,63}))", f"{REDACTED}@"),
        # name=value and "name": "value" in texts: connection strings, query strings, reprs, JSON
        (_NAMED, rf"\1{REDACTED}"),
        # pydantic quotes what was sent, PostgreSQL the row
        (r"input_value=.{0,400}?(?=, input_type=)", f"input_value={REDACTED}"),
        (r"^([ \t]{0,20}DETAIL:).*$", rf"\1 {REDACTED}"),
    )
)

# Nothing above matches a text without one of these; most texts have none, and a line should cost little.
_SUSPECT: Final = re.compile(
    r"[rsp]k_|whsec_|eyj|bearer|basic|://|cookie|authorization|passw|secret|token|api_?key|input_value|detail:|@"
    r"|1[3-9]\d{9}|\+\d{8}",
    re.IGNORECASE,
)


def scrub(text: str) -> str:
    """`text` without what looks like a secret; of a very long one, its two ends."""
    text = text[:_LONGEST_READ]
    if _SUSPECT.search(text):
        for pattern, replacement in _IN_TEXT:
            text = pattern.sub(replacement, text)
    if len(text) <= _LONGEST_KEPT:
        return text
    return f"{text[: _LONGEST_KEPT // 2]} … {text[-_LONGEST_KEPT // 2 :]}"


def redact(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Processor: secrets and bodies out, by name and by form, however deep.

    Runs after tracebacks became text.
    """
    return {key: REDACTED if _is_secret(key) else _clean(value, 0) for key, value in event_dict.items()}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return name.lower() in _BODY_NAMES or bool(_BODY_NAME.search(name) or _SECRET_NAME.search(name))


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return scrub(value)
    if depth == _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            scrub(str(key)): REDACTED if _is_secret(str(key)) else _clean(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(_header_pair(inner), depth + 1) for inner in value]
    return scrub(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _header_pair(value: Any) -> Any:
    """A (name, value) pair as ASGI has its headers: judged by its name."""
    if isinstance(value, tuple) and len(value) == 2:  # noqa: PLR2004
        name = value[0].decode("latin-1") if isinstance(value[0], bytes) else value[0]
        if isinstance(name, str) and _is_secret(name):
            return (name, REDACTED)
    return value


_BEFORE: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,  # plain: a traceback with local variables would show secrets
)


def formatter(log_format: Format) -> structlog.stdlib.ProcessorFormatter:
    """What turns any record, of structlog or of the standard library, into a line."""
    renderer: Processor
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_BEFORE,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
    )


def log_config(log_format: Format, level: Level) -> dict[str, Any]:
    """For `logging.config.dictConfig`, and for Granian's `log_dictconfig` (else it sets its own handlers)."""
    through_root = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"regulars": {"()": formatter, "log_format": log_format}},
        "handlers": {
            "regulars": {
                "class": "logging.StreamHandler",
                "formatter": "regulars",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["regulars"], "level": level},
        "loggers": {
            **{
                name: {**through_root, "level": level}
                for name in ("_granian", "granian.access", "dramatiq", "piccolo", "litestar", "uvicorn")
            },
            **{name: dict(through_root) for name in ("uvicorn.error", "uvicorn.access", "py.warnings")},
            "asyncio": {**through_root, "level": "WARNING"},
            "httpx": {**through_root, "level": "WARNING"},  # at INFO it logs each address with its query
            "stripe": {**through_root, "level": "WARNING"},  # likewise, and what Stripe says of errors
        },
    }


def configure_logging(log_format: Format, level: Level = "INFO") -> None:
    """Sets logging up for this process; once, before anything logs. Give Litestar `logging_config=None`."""
    logging.config.dictConfig(log_config(log_format, level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_BEFORE,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

"""The headers of answers."""

from typing import Any, Final

from saas.versions import VERSIONS

_TEXT: Final = {"type": "string"}
HEADERS: Final[dict[str, Any]] = {
    "RequestId": {
        "description": "The request's id: in our logs, in the audit log, and in the jobs that it caused.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "Version": {
        "description": "The version of the contract that was answered in.",
        "required": True,
        "schema": {"type": "string", "enum": list(VERSIONS)},
    },
    "RateLimit": {
        "description": 'What is left of each policy, and in how many seconds all is there again: `"tenant";r=249;t=1`.',
        "schema": _TEXT,
    },
    "RateLimitPolicy": {
        "description": 'How many requests a policy holds, and in how many seconds it refills: `"tenant";q=250;w=5`.',
        "schema": _TEXT,
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "IdempotentReplayed": {
        "description": "`true` where this is the kept answer to an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
    "ETag": {
        "description": "The state that is shown, for `If-Match` of a change and `If-None-Match` of a read.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+([.][0-9a-f]+)?"$'},
    },
    "Deprecation": {"description": "Since when it is deprecated (RFC 9745): `@1793491200`.", "schema": _TEXT},
    "Sunset": {"description": "When it is gone (RFC 8594).", "schema": _TEXT},
    "Link": {"description": "The page that says what to use in its place.", "schema": _TEXT},
    "FileName": {
        "description": "The file's name.",
        "schema": {"type": "string", "pattern": '^attachment; filename="[^"]+"$'},
    },
    "Unbuffered": {
        "description": "For proxies: the stream goes on as it comes.",
        "schema": {"type": "string", "const": "no"},
    },
    "Scheme": {"description": "The scheme, `Bearer`.", "schema": {"type": "string", "const": "Bearer"}},
}
OWN: Final = {"ETag": "ETag", "Content-Disposition": "FileName", "X-Accel-Buffering": "Unbuffered"}
"""Headers that some answers have, each with its component. Which ones is learned, with the answers."""


def header(component: str) -> dict[str, str]:
    """A reference to one of `HEADERS`."""
    return {"$ref": f"#/components/headers/{component}"}


ALWAYS: Final = {"X-Request-Id": header("RequestId"), "Regulars-Version": header("Version")}
ENDING: Final = {name: header(name) for name in ("Deprecation", "Sunset", "Link")}

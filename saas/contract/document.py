"""The OpenAPI document as a whole."""

import json
from typing import Any, Final

from litestar import Litestar

from saas.contract.answers import shapes
from saas.contract.headers import HEADERS
from saas.contract.links import link
from saas.contract.models import body_schemas
from saas.contract.operations import calls, codes_of, operation
from saas.contract.refusals import FIELD_ERROR, PROBLEM, examples
from saas.principal import SCOPES
from saas.versions import API_VERSION, VERSIONS

_TEXT: Final = {"type": "string"}
_PARAMETERS: Final[dict[str, Any]] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "zh-CN or en: the language of texts for people. Without it the texts are Chinese.",
        "schema": _TEXT,
        "example": "en",
    },
    "Version": {
        "name": "Regulars-Version",
        "in": "header",
        "description": "The version that you were written for; without it the newest. One that there isn't is refused.",
        "schema": {"type": "string", "enum": list(VERSIONS)},
        "example": API_VERSION,
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body again, within 24 hours: the same answer. The same key with another body"
        " is refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "till-7-ticket-20418",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was read: 412 where somebody was faster.",
        "schema": _TEXT,
        "example": '"3.5e884898da280471"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Of a read, the ETag that you have: 304 where it is still so. Of a PUT, `*`: 412 where there is"
        " one already.",
        "schema": _TEXT,
        "example": '"3.5e884898da280471"',
    },
}
_ABOUT: Final = """Membership for chain stores. Every key belongs to one chain: no path names it.

Money is an integer in the currency's smallest unit. Times are RFC 3339 with an offset; days are the chain's local days.
Lists take `limit` and `cursor` and answer `data` and `next_cursor`: ask with the cursor until it is null. An answer may
get new members at any time; what a request has beside what we know is refused. Errors are problem details (RFC 9457);
each type has a page under `/problems/`."""


def document(app: Litestar) -> dict[str, Any]:
    """The contract as JSON data."""
    all_calls = calls(app)
    kinds = {kind: None for call in all_calls for kind in (call.body, call.items) if kind is not None}
    schemas, components = body_schemas(kinds)
    paths: dict[str, Any] = {}
    codes: set[str] = set()
    for call in all_calls:
        told = operation(call, schemas)
        codes |= set(codes_of(told))
        paths.setdefault(call.path, {})[call.method.lower()] = told
    link(all_calls, paths)
    shared = _share(paths)
    tags = sorted({tag for methods in paths.values() for told in methods.values() for tag in told["tags"]})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Regulars", "version": API_VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": {**shapes(), **components, "Problem": PROBLEM, "FieldError": FIELD_ERROR},
            "responses": shared,
            "examples": examples(codes),
            "headers": HEADERS,
            "parameters": _PARAMETERS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "rk_live_…",
                    "description": f"An API key. Its scopes, of {', '.join(f'`{s}`' for s in SCOPES)}, say what it"
                    " may do: each operation names the one that it asks for. `admin` may everything.",
                }
            },
        },
    }


def _share(paths: dict[str, Any]) -> dict[str, Any]:
    """Takes refusals that many operations have alike out of them: components, by status."""
    found: dict[str, list[dict[str, Any]]] = {}
    for methods in paths.values():
        for told in methods.values():
            for status, response in told["responses"].items():
                if status >= "400":
                    found.setdefault(f"{status} {json.dumps(response)}", []).append(told["responses"])
    shared: dict[str, Any] = {}
    for alike in (key for key, places in found.items() if len(places) > 1):
        status = alike.partition(" ")[0]
        name = f"Refused{status}_{sum(other.startswith(f'Refused{status}') for other in shared) + 1}"
        shared[name] = found[alike][0][status]
        for responses in found[alike]:
            responses[status] = {"$ref": f"#/components/responses/{name}"}
    return shared

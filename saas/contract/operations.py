"""One operation of the contract, from its handler."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Operation
from litestar.params import BodyKwarg
from litestar.serialization import decode_json, encode_json
from pydantic import BaseModel, TypeAdapter, ValidationError

from saas.auth import OF_THE_CHAIN
from saas.contract.answers import Kept, kept
from saas.contract.headers import ALWAYS, ENDING, OWN, header
from saas.contract.models import one_line, parameters
from saas.contract.refusals import general, refusals
from saas.contract.walking import problems_of, queries_of
from saas.versions import Ending

_PARAMETER: Final = re.compile(r"\{([a-z_]+):([a-z]+)\}")
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    "str": {"type": "string", "minLength": 1},
}
_NOUNS: Final = {"ies": "y", "ches": "ch", "sses": "ss", "sms": "sms", "s": ""}
_THINGS: Final = {"card_link", "sms", "batch"}
_IDS: Final = {
    "GET /v1/staff": "list_staff",
    "GET /v1/staff/{staff_id}": "get_staff",
    "GET /v1/rewards/claims": "list_waiting_claims",
    "GET /v1/webhooks/deliveries": "list_all_webhook_deliveries",
    "GET /v1/jobs/{job_id}/events": "follow_job",
    "POST /v1/signup": "sign_up",
    "POST /v1/quotes": "quote",
    "POST /v1/proof": "start_proof",
    "POST /v1/programme/draft/publish": "publish_programme",
    "POST /v1/programme/draft/simulate": "simulate_programme",
    "GET /v1/programme/versions/draft/diff": "get_programme_draft_diff",
    "POST /v1/billing/portal": "open_billing_portal",
    "POST /v1/sandbox": "create_sandbox",
    "POST /v1/sandbox/clock": "move_sandbox_clock",
    "POST /v1/sandbox/clock/cancel": "cancel_sandbox_move",
}
_WHOLE: Final = {"GET": "get", "POST": "create", "PATCH": "update", "PUT": "put", "DELETE": "delete"}
_TAGS: Final = {
    "api-keys": "api keys",
    "audit-log": "audit log",
    "problems": "public",
    "signup": "public",
    "templates": "public",
    "staff-rules": "staff",
    "tills": "staff",
    "cards": "cards",
    "quotes": "purchases",
    "message-texts": "campaigns",
    "join-codes": "members",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A handler and how it is called; `path` as OpenAPI writes it."""

    method: str
    path: str
    typed_path: str
    handler: HTTPRouteHandler

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body(self) -> Any:
        """The type of its JSON body, None where it takes none. `takes` in a handler's `opt`: what a plain dict is."""
        given = self.handler.opt.get("takes")
        field = self.handler.parsed_data_field
        if given is not None or field is None or not isinstance(field.kwarg_definition, BodyKwarg):
            return given
        return field.annotation

    @property
    def items(self) -> Any:
        """The type of a batch's items."""
        return self.handler.opt.get("items")

    @property
    def tagged(self) -> bool:
        """Whether it looks at conditions, and answers under a tag if it shows something."""
        return bool(self.handler.opt.get("tagged"))

    @property
    def ending(self) -> Ending | None:
        """How it comes to its end, where it does."""
        ending: Ending | None = self.handler.opt.get("ending")
        return ending


def calls(app: Litestar) -> list[Call]:
    """Every operation of the contract, in the application's order."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or handler.include_in_schema is False:
                continue
            path = _PARAMETER.sub(r"{\1}", route.path)
            methods = sorted({str(method) for method in handler.http_methods} - {"OPTIONS"})
            found += [Call(method, path, route.path, handler) for method in methods]
    return found


def operation(call: Call, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    """The operation; `schemas` are the bodies', by type."""
    known = kept().get(call.key, {})
    logged_in = _logged_in(call)
    queries = queries_of(call.handler.fn)
    body = _request_body(call, schemas, known)
    told: dict[str, Any] = {
        "operationId": _operation_id(call),
        "tags": list(call.handler.tags or ()) or [_tag(call.path)],
        "summary": _summary(call),
        "description": _description(call),
        "parameters": [*_path_parameters(call), *(p for model in queries for p in parameters(model)), *_headers(call)],
    }
    if body is not None:
        told["requestBody"] = body
    codes = refused_by_rule(call) | set(known.get("refusals", ()))
    headers = _limits(logged_in=logged_in)
    told["responses"] = {**dict(_answers(call, known, logged_in=logged_in)), **refusals(codes, headers)}
    if not logged_in:
        told["security"] = []
    if call.ending is not None:
        told["deprecated"] = True
    return told


def refused_by_rule(call: Call) -> frozenset[str]:
    """Codes of the problems that its kind may meet, and of those that its code is seen to raise."""
    kind = {
        "logged_in": _logged_in(call),
        "body": call.body is not None or call.handler.operation_class is not Operation,
        "query": bool(queries_of(call.handler.fn)),
        "path": bool(_PARAMETER.search(call.typed_path)),
    }
    secret = {"secret-shown-once"} if call.handler.opt.get("shows_secret") else set()
    return problems_of(call.handler.fn) | general(method=call.method, **kind) | secret


def _logged_in(call: Call) -> bool:
    return bool(call.handler.opt.get("auth", "key") != "none")


def codes_of(told: Mapping[str, Any]) -> Iterator[str]:
    """The problem types that an operation names."""
    for response in told["responses"].values():
        for content in response.get("content", {}).values():
            yield from (ref["$ref"].rpartition("/")[2] for ref in content.get("examples", {}).values() if "$ref" in ref)


def _operation_id(call: Call) -> str:
    """`list_members`, `get_member`, `create_member`, `merge_member`, `adjust_points`."""
    if call.key in _IDS:
        return _IDS[call.key]
    parts = re.sub(r"[.:]", "/", call.path.removeprefix("/v1/").strip("/")).split("/")
    words = [part.replace("-", "_") for part in parts if not part.startswith("{")]
    above, last = [_singular(word) for word in words[:-1]], words[-1]
    if parts[-1].startswith("{"):
        return "_".join([_WHOLE[call.method], *above, _singular(last)])
    if call.method == "GET":
        return "_".join(["list" if last.endswith("s") else "get", *above, last])
    if call.method == "POST" and above and not last.endswith("s") and last not in _THINGS:
        return "_".join([last, *above])  # an act: on one thing, or on what it is about
    return "_".join([_WHOLE[call.method], *above, _singular(last)])


def _singular(word: str) -> str:
    ending = next((ending for ending in _NOUNS if word.endswith(ending)), "")
    return word[: len(word) - len(ending)] + _NOUNS.get(ending, "")


def _tag(path: str) -> str:
    first = path.removeprefix("/v1").strip("/").split("/")[0].split(":")[0].split(".")[0]
    return _TAGS.get(first, first)


def _doc(call: Call) -> str:
    doc = call.handler.fn.__doc__ or ""
    return one_line(re.split(r"\bRaises? (?:DomainError|`)", doc)[0]).strip()


def _summary(call: Call) -> str:
    return call.handler.summary or re.split(r"(?<=[\w)`])[.:;](?:\s|$)", _doc(call))[0]


def _description(call: Call) -> str:
    opt = call.handler.opt
    doc = _doc(call) or f"{_summary(call)}."
    if call.ending is not None:
        doc = f"{call.ending.told}\n\n{doc}"
    if opt.get("auth", "key") == "none":
        return f"{doc}\n\nOpen to everybody."
    scope, other = opt.get("requires"), opt.get("or_requires")
    if not scope:
        return f"{doc}\n\nAny key."
    asked = f"Scope: `{scope}`, or `{other}`." if other else f"Scope: `{scope}`."
    whole = scope in OF_THE_CHAIN and not opt.get("bound")
    return f"{doc}\n\n{asked}{' Not for a key that is bound to branches.' if whole else ''}"


def _path_parameters(call: Call) -> Iterator[dict[str, Any]]:
    for name, kind in _PARAMETER.findall(call.typed_path):
        form = call.handler.opt.get("names", {}).get(name)
        schema = _KINDS[kind] if form is None else TypeAdapter(form).json_schema()
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _headers(call: Call) -> Iterator[dict[str, Any]]:
    yield {"$ref": "#/components/parameters/AcceptLanguage"}
    yield {"$ref": "#/components/parameters/Version"}
    if call.method == "POST":
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if call.tagged and call.method != "GET":
        yield {"$ref": "#/components/parameters/IfMatch"}
    if call.tagged and call.method in {"GET", "PUT"}:
        yield {"$ref": "#/components/parameters/IfNoneMatch"}


def _request_body(call: Call, schemas: Mapping[Any, Any], known: Kept) -> dict[str, Any] | None:
    own = call.handler.operation_class
    if own is not Operation:  # it describes a body that isn't JSON
        made = own(responses=None)
        body: dict[str, Any] = decode_json(encode_json(made.to_schema()))["requestBody"]
        return body
    if call.body is None:
        return None
    schema = schemas[call.body]
    if call.items is not None:
        schema = {"allOf": [schema, {"properties": {"items": {"type": "array", "items": schemas[call.items]}}}]}
    content: dict[str, Any] = {"schema": schema}
    if "request" in known:
        content["example"] = known["request"]
    return {"required": not _may_be_empty(call.body), "content": {"application/json": content}}


def _may_be_empty(kind: Any) -> bool:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return False
    try:
        kind.model_validate_json("{}")
    except ValidationError:
        return False
    return True


def _answers(call: Call, known: Kept, *, logged_in: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    found = known.get("answers", {}) or {str(call.handler.status_code): {}}
    for status, told in sorted(found.items()):
        headers = _answer_headers(call, told.get("headers", ()), logged_in=logged_in)
        answer: dict[str, Any] = {"description": _SAID.get(status, "Done."), "headers": headers}
        kind = told.get("type")
        if kind is not None:
            schema = told.get("schema", {"type": "string"})
            answer["content"] = {kind: {"schema": schema, "example": told["example"]}}
        yield status, answer
    if call.tagged and call.method == "GET":
        yield "304", {"description": _SAID["304"], "headers": _answer_headers(call, (), logged_in=logged_in)}


_SAID: Final = {
    "200": "Done.",
    "201": "Made.",
    "202": "Accepted: a job does it.",
    "204": "Done; there is nothing to say.",
    "304": "It is as you have it: `If-None-Match` names its tag.",
}


def _answer_headers(call: Call, own: Iterable[str], *, logged_in: bool) -> dict[str, Any]:
    """Those of every answer, and its `own`, which were seen."""
    names = {*own, *(("ETag",) if call.tagged and call.method in {"GET", "PATCH", "PUT"} else ())}
    replayed = {"Idempotent-Replayed": header("IdempotentReplayed")} if call.method == "POST" else {}
    ends = ENDING if call.ending is not None else {}
    return {
        **ALWAYS,
        **_limits(logged_in=logged_in),
        **replayed,
        **ends,
        **{name: header(OWN[name]) for name in sorted(names)},
    }


def _limits(*, logged_in: bool) -> dict[str, Any]:
    return {"RateLimit": header("RateLimit"), "RateLimit-Policy": header("RateLimitPolicy")} if logged_in else {}

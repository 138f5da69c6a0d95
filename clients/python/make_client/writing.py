"""The generated modules' text."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from make_client.marks import made
from make_client.naming import camel
from make_client.operations import Operation, operations
from make_client.schemas import Types, docstring
from make_client.waiting import SOURCES, follows, waiting

_MADE: Final = made("the API's description")
_IMPORTS: Final = """
from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, {more}

from regulars_client.call import {call}
"""
_GROUPS: Final = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "PaymentRequiredError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    410: "GoneError",
    412: "PreconditionError",
    422: "InvalidError",
    429: "RateLimitError",
}
"""As `regulars_client.errors.by_status`, which isn't asked: the client can't be imported before it is made."""
_RESOURCE: Final = """

class Send(Protocol):
    async def __call__(self, call: Call[T]) -> T: ...


class Resource:
    def __init__(self, send: Send) -> None:
        self._send = send
"""


def modules(document: Mapping[str, Any], problems: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The modules of `regulars_client` that the OpenAPI document and the problem types make, by file name."""
    types = Types(document["components"]["schemas"])
    calls = operations(document, types)
    api = _Api(frozenset(types.classes)).text(calls)
    written = {
        "types.py": _types(types, document["info"]["version"]),
        "sync_api.py": waiting(api),
        "async_api.py": api,
        "problems.py": _problems(problems),
    }
    return {name: formatted(text, name) for name, text in written.items()}


def halves(folder: Path) -> dict[str, str]:
    """The modules that follow those in `folder` which are written by hand, by file name."""
    return {name: formatted(follows((folder / source).read_text(), source), name) for source, name in SOURCES.items()}


def formatted(text: str, name: str) -> str:
    """As the repository's formatter lays it out, without imports that nothing uses."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff"
    ours = "lint.isort.known-first-party=['regulars_client']"
    for command in (
        ["check", "--quiet", "--fix-only", "--select", "F401,I", "--config", ours],
        ["format", "--quiet"],
    ):
        asked = [ruff, *command, "--line-length", "120", "--isolated", "--stdin-filename", name, "-"]
        text = subprocess.run(asked, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return text


def _types(types: Types, version: str) -> str:
    head = f'"""What the API takes and answers. {_MADE}"""\n' + _IMPORTS.format(
        more="Final, Literal, NotRequired, TypedDict", call="Id"
    )
    return f'{head}\n\nAPI_VERSION: Final = "{version}"\n\n{types.render()}\n'


@dataclass(frozen=True)
class _Api:
    """The calls of the client that awaits them."""

    classes: frozenset[str]

    def text(self, calls: Iterable[Operation]) -> str:
        by_resource: dict[str, list[Operation]] = {}
        for each in calls:
            by_resource.setdefault(each.resource, []).append(each)
        head = f'"""Every call of the API. {_MADE}"""\n' + _IMPORTS.format(
            more="Literal, Protocol, TypeVar, Unpack", call="Call, File, Id, segment, spelled"
        )
        head += "from regulars_client.async_pages import AsyncPages\nfrom regulars_client import types\n"
        head += '\nT = TypeVar("T")\n' + _RESOURCE
        classes = [
            f"class {camel(resource)}(Resource):\n" + "\n\n".join(map(self._method, found))
            for resource, found in by_resource.items()
        ]
        lines = "\n".join(f"        self.{resource} = {camel(resource)}(send)" for resource in by_resource)
        tail = f"class AsyncApi:\n    def __init__(self, send: Send) -> None:\n{lines}\n"
        return "\n\n\n".join([head, *classes, tail])

    def _method(self, call: Operation) -> str:
        given, said = self._arguments(call), docstring(f"{call.said}\n\n`{call.label}`", "        ")
        if call.item is not None:
            kind = f"AsyncPages[{self._placed(call.item)}]"
            head, body = f"def {call.name}({given}) -> {kind}:", f"return {kind}(self._send, {self._call(call)})"
        else:
            answer = self._placed(call.answer)
            head = f"async def {call.name}({given}) -> {answer}:"
            sent = f"await self._send({self._call(call)})"
            body = sent if answer == "None" else f"return {sent}"
        return f"    {head}\n        {said}\n        {body}"

    def _arguments(self, call: Operation) -> str:
        places = [f"{name}: {'int' if name == 'version' else 'Id'}" for name in call.places]
        if call.document is not None:
            kind = self._placed(call.document)
            places.append(f"document: {kind}" if call.needed else f"document: {_optional(kind)} = None")
        if call.upload is not None:
            places.append("file: File")
        named = [
            f"{argument}: {self._placed(kind)}" if needed else f"{argument}: {_optional(self._placed(kind))} = None"
            for argument, kind, needed in sorted(call.query.values(), key=lambda each: not each[2])
        ]
        named += ["cursor: str | None = None"] if call.item is not None else []
        named += ['filename: str = "upload"'] if call.upload is not None else []
        named += ["if_match: str | None = None"] if call.versioned else []
        named += ["idempotency_key: str | None = None"] if call.keyed else []
        parts = ["self", *places, *(["/"] if places else []), *(["*"] if named else []), *named]
        if options := call.body or call.upload:
            parts.append(f"**body: Unpack[types.{options}]")
        return ", ".join(parts)

    def _call(self, call: Operation) -> str:
        path = call.path
        for name in call.places:
            path = path.replace(f"{{{name}}}", f"{{segment({name})}}")
        parts = [f'method="{call.method}"', f'path={"f" if call.places else ""}"{path}"']
        query = [f'"{name}": {argument}' for name, (argument, _, _) in call.query.items()]
        query += ['"cursor": cursor'] if call.item is not None else []
        parts += [f"query={{{', '.join(query)}}}"] if query else []
        if call.body or call.upload:
            parts.append("body=spelled(body)")
        elif call.document is not None:
            parts.append("body=document")
        parts += ["file=(filename, file)"] if call.upload is not None else []
        parts += ["raw=True"] if call.raw else []
        parts += ['headers={"If-Match": if_match}'] if call.versioned else []
        parts += ["idempotency_key=idempotency_key"] if call.keyed else []
        parts += ["reads=True"] if call.reads else []
        kind = "Any" if call.item is not None else self._placed(call.answer)
        return f"Call[{kind}]({', '.join(parts)})"

    def _placed(self, kind: str) -> str:
        """A type's expression with the classes where they lie."""
        inside = re.sub(r"(?<!['\"\w.])[A-Z]\w*", lambda found: self._prefix(found[0]) + found[0], kind)
        return inside.replace("list[", "builtins.list[")

    def _prefix(self, name: str) -> str:
        return "types." if name in self.classes else ""


def _optional(kind: str) -> str:
    return kind if kind.endswith("None") else f"{kind} | None"


def _group(status: int) -> str:
    return _GROUPS.get(status, "ServerError" if status >= 500 else "ProblemError")  # noqa: PLR2004 - HTTP's


def _problems(problems: Sequence[Mapping[str, Any]]) -> str:
    known = sorted(
        (each["type"].rpartition("/")[2], each["status"], each["title"], each["detail"]) for each in problems
    )
    groups = sorted({_group(status) for _, status, _, _ in known} | {"ProblemError"})
    head = f"""\"\"\"The API's refusals, a class for each type of problem. {_MADE}\"\"\"

from collections.abc import Mapping
from typing import Final

from regulars_client.errors import {", ".join(groups)}
"""
    classes = [
        f'class {camel(code)}({_group(status)}):\n    {docstring(f"{title}: {detail}")}\n\n    code = "{code}"'
        for code, status, title, detail in known
    ]
    table = ", ".join(f'"{code}": {camel(code)}' for code, *_ in known)
    return "\n\n\n".join([head, *classes, f"BY_CODE: Final[Mapping[str, type[ProblemError]]] = {{{table}}}\n"])

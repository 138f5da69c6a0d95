"""Entity tags: which state of a thing an answer shows, and that a change meets just that one (RFC 9110, 8.8.3 and 13).

Of what also shows things that move by themselves (counts, balances) a tag has two parts, `"what is edited.all of it"`.
A read compares all of it (`If-None-Match`: 304); a change compares the first part (`If-Match`: 412), so that a sale in
the meantime keeps nobody from correcting a name. Whoever changes a thing under a condition holds its row from before
the comparison until the end. Answers under a tag aren't compressed: a tag is of these very bytes.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.serialization import decode_json, encode_json

from saas.errors import DomainError
from saas.scope import connection, current

_TAG: Final = re.compile(r'(W/)?"([!#-~]*)"')
_ANY: Final = frozenset("*")
_NOT_FOUND: Final = 404

Ask = Request[Any, Any, Any]
Shown = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tags:
    """Of one kind of thing. Its row is that of `table` whose `key` is named; `moves`: members of its answer that change
    by themselves, and by no edit.
    """

    table: str
    key: str = "id"
    moves: frozenset[str] = frozenset()

    def answer(self, request: Ask, shown: Shown, *, status: int = 200) -> Response[Any]:
        """The thing under its tag; 304 where the reader has just this."""
        return _answer(request, encode_json(shown), self.of(shown), status)

    def of(self, shown: Shown) -> str:
        """The tag, without quotes."""
        return f"{self._edited(shown)}.{_state(shown)}" if self.moves else _state(shown)

    async def require(self, request: Ask, key: UUID | str, read: Callable[[], Awaitable[Shown]]) -> None:
        """That the thing is as the request's conditions say. What isn't there is left to the change itself, but a PUT
        that expects something makes nothing. Raises DomainError `precondition-failed`.
        """
        wanted, unwanted = _listed(request, "if-match", strong=True), _listed(request, "if-none-match")
        if wanted is None and unwanted is None:
            return
        await connection().fetchrow(
            f"SELECT FROM {self.table} AS r WHERE r.tenant_id = $1 AND r.{self.key} = $2 FOR NO KEY UPDATE",
            current().tenant_id,
            key,
        )
        try:
            shown = await read()
        except DomainError as error:
            if error.status != _NOT_FOUND:
                raise
            if wanted is not None and request.method == "PUT":
                raise DomainError("precondition-failed") from None
            return
        edited = self._edited(shown)
        stale = wanted is not None and wanted != _ANY and edited not in {_first(tag) for tag in wanted}
        if stale or (unwanted is not None and (unwanted == _ANY or self.of(shown) in unwanted)):
            raise DomainError("precondition-failed")

    def _edited(self, shown: Shown) -> str:
        return _state({name: value for name, value in shown.items() if name not in self.moves})


def tagged(request: Ask, shown: Shown, edited: str, *, status: int = 200) -> Response[Any]:
    """An answer under a tag whose first part is known: a revision."""
    body = encode_json(shown)
    return _answer(request, body, f"{edited}.{_digest(body)}", status)


def _answer(request: Ask, body: bytes, tag: str, status: int) -> Response[Any]:
    headers = {"ETag": f'"{tag}"'}
    had = _listed(request, "if-none-match") if request.method == "GET" else None
    if had is not None and (had == _ANY or tag in had):
        return Response(None, status_code=304, headers=headers)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def edited_of(request: Ask) -> frozenset[str] | None:
    """The first parts of the tags that the conditions of a change take; None where they take anything. What must not
    exist is in no state.
    """
    if _listed(request, "if-none-match") == _ANY:
        return frozenset()
    wanted = _listed(request, "if-match", strong=True)
    return None if wanted is None or wanted == _ANY else frozenset(_first(tag) for tag in wanted)


def names_a_state(request: Ask) -> bool:
    """Whether the conditions of a change say more than that the thing exists."""
    return edited_of(request) is not None


def _listed(request: Ask, name: str, *, strong: bool = False) -> frozenset[str] | None:
    """What stands in the header, without quotes; None where it isn't there. `strong`: weak tags match nothing."""
    header = ",".join(request.headers.getall(name, []))
    if name not in request.headers:
        return None
    if header.strip() == "*":
        return _ANY
    return frozenset(of for weak, of in _TAG.findall(header) if not (weak and strong))


def _first(tag: str) -> str:
    return tag.partition(".")[0]


def _state(shown: Shown) -> str:
    """The same for the same members in whatever order: PostgreSQL's jsonb has its own."""
    return _digest(msgspec.json.encode(decode_json(encode_json(shown)), order="sorted"))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]

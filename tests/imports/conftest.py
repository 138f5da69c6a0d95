"""Sends files to a fresh chain and works their jobs off."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class Imports:
    """`run` sends a file, works it off and returns what the API says of it."""

    chain: Any
    drain: Callable[..., Awaitable[Any]]

    @property
    def http(self) -> httpx.AsyncClient:
        http: httpx.AsyncClient = self.chain.http
        return http

    async def send(
        self, file: str | bytes, kind: str, *, filename: str = "file.csv", key: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post(
            "/v1/imports",
            files={"file": (filename, file.encode() if isinstance(file, str) else file)},
            data={"options": json.dumps({"kind": kind, **options})},
            headers=headers,
        )

    async def run(self, file: str | bytes, kind: str, *, filename: str = "file.csv", **options: Any) -> dict[str, Any]:
        sent = await self.send(file, kind, filename=filename, **options)
        assert sent.status_code == 202, sent.text
        await self.drain(self.chain.tenant_id)
        return await self.read(sent.json()["import_id"])

    async def read(self, import_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/imports/{import_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def errors(self, import_id: str, language: str = "en") -> list[list[str]]:
        """The rows of errors.csv without the header."""
        import csv
        import io

        answer = await self.http.get(f"/v1/imports/{import_id}/errors.csv", headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0] == ["line", "column", "code", "message", "value"]
        return rows[1:]

    async def codes(self, import_id: str) -> list[tuple[int, str, str]]:
        return [(int(line), column, code) for line, column, code, *_ in await self.errors(import_id)]

    async def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of this tenant; `$1` is its id."""
        from saas.scope import connection, tenant_scope

        async with tenant_scope(self.chain.tenant_id):
            return [dict(row) for row in await connection().fetch(sql, self.chain.tenant_id, *values)]

    async def purchases(self) -> list[tuple[Any, ...]]:
        """What was bought, without ids and instants of recording."""
        rows = await self.query(
            "SELECT m.external_id AS member, b.code, p.external_id, p.occurred_at, p.local_day, p.amount, p.category"
            " FROM purchase p JOIN member m ON m.tenant_id = p.tenant_id AND m.id = p.member_id"
            " JOIN branch b ON b.tenant_id = p.tenant_id AND b.id = p.branch_id WHERE p.tenant_id = $1"
            " ORDER BY b.code, p.external_id"
        )
        return [tuple(row.values()) for row in rows]

    async def assert_aggregates(self) -> None:
        """Totals, months and days are the sums of the purchases; every member's numbers run without a gap."""
        for table, group in (
            ("member_total", ""),
            ("member_month", ", date_trunc('month', local_day::timestamp)::date"),
            ("member_day", ", local_day"),
        ):
            key = {"member_total": "", "member_month": ", month", "member_day": ", day"}[table]
            stored = await self.query(
                f"SELECT member_id{key}, spend, purchases, max_purchase FROM {table} WHERE tenant_id = $1 ORDER BY 1, 2"
            )
            summed = await self.query(
                f"SELECT member_id{group}, sum(amount)::bigint, count(*), max(amount) FROM purchase"
                f" WHERE tenant_id = $1 GROUP BY member_id{group} ORDER BY 1, 2"
            )
            assert [tuple(r.values()) for r in stored] == [tuple(r.values()) for r in summed], table
        gaps = await self.query(
            "SELECT member_id FROM purchase WHERE tenant_id = $1 GROUP BY member_id"
            " HAVING count(DISTINCT seq) <> count(*)"
        )
        assert gaps == []


def csv_text(header: str, rows: Sequence[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def imports(chain: Any, drain: Callable[..., Awaitable[Any]]) -> Imports:
    return Imports(chain, drain)


@pytest.fixture
def new_imports(new_chain: Any, drain: Callable[..., Awaitable[Any]]) -> Callable[[], Awaitable[Imports]]:
    """Likewise, for as many chains as are asked for."""

    async def make() -> Imports:
        return Imports(await new_chain(), drain)

    return make

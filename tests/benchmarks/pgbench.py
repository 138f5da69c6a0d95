"""The same purchase as a pgbench script: the product's own SQL texts, as many round trips, no Python.

Parameters become pgbench variables, so that `-M prepared` prepares what the product prepares. What the product puts
into one message (BEGIN with its settings, the stored answer with COMMIT) is one pipeline here.
"""

import asyncio
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.local.binaries import postgres_program
from saas.local.provision import DATABASE
from saas.settings import get_settings
from tenants.measures import codes
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import moment_of
from tenants.purchases.statements import RECORD_FOR_MEMBER, lock_by_id
from tenants.tiers.deciding import statement_for
from tenants.tiers.evaluate import immediate_ladders
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, PROGRAMME, TODAY, Made
from tests.benchmarks.place import Place

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_RECORDED: Final = datetime(2026, 11, 21, 4, 0, 0, 123457, tzinfo=UTC)
"""Stands in an evaluation's arguments where the lock's instant goes."""
_PURCHASE: Final = UUID(int=7)
"""And where the purchase's id goes."""

# An answer as it is kept beside its key: about 300 bytes of head, 750 of body.
_HEAD: Final = "41" * 300
_BODY: Final = "42" * 750


@dataclass(frozen=True)
class Script:
    """The text of a script and the values of its variables."""

    text: str
    variables: Mapping[str, str]


def purchase_script(made: Made, *, keyed: bool) -> Script:
    """One purchase of a random member."""
    variables: dict[str, str] = {"tenant": str(made.tenant_id), "branch": str(made.branch_id), "day": str(TODAY)}
    variables["mark"] = "\\x" + "ab" * 32
    variables["measure"] = codes.branch(made.branch_id)
    claim = "INSERT INTO idempotency (tenant_id, key, fingerprint) VALUES (:tenant, sha256({}), :mark)".format(
        f"(:run || {_NUMBER})::bytea"
    )
    store = f"UPDATE idempotency SET status = 201, head = '\\x{_HEAD}', body = '\\x{_BODY}'"
    lines = [
        f"\\set n random({FIRST_MEMBER}, {FIRST_MEMBER + made.members - 1})",
        "\\set amount random(1000, 9999)",
        "\\set k :k + 1",
        "\\startpipeline",
        "BEGIN;",
        f"SET LOCAL app.tenant_id = '{made.tenant_id}';",
        f"SET LOCAL lock_timeout = {get_settings().lock_timeout_ms};",
        *([f"{claim} ON CONFLICT DO NOTHING;"] if keyed else []),
        "\\endpipeline",
        _filled(lock_by_id(), [":tenant::uuid", ":branch::uuid", MEMBER_ID.format(":n")]) + " \\gset",
        _filled(RECORD_FOR_MEMBER, _RECORD_ARGUMENTS) + " \\gset purchase_",
        _evaluation(made, variables) + ";",
        "\\startpipeline",
        *([f"{store} WHERE tenant_id = :tenant AND key = sha256((:run || {_NUMBER})::bytea);"] if keyed else []),
        "COMMIT;",
        "\\endpipeline",
    ]
    return Script("\n".join(lines) + "\n", variables)


_NUMBER: Final = "'-' || :client_id || '-' || :k"
# tenant, branch, external id, fingerprint, member, number, occurred, recorded, day, amount, lines, tenders, seller,
# who, counted, version, id, list amount, pricing; measures, their amounts, whether somebody brought the member
_RECORD_ARGUMENTS: Final = [
    ":tenant::uuid",
    ":branch::uuid",
    f"('p' || :run || {_NUMBER})",
    ":mark::bytea",
    ":member_id::uuid",
    ":seq::bigint",
    ":recorded_at::timestamptz",
    ":recorded_at::timestamptz",
    ":day::date",
    ":amount::bigint",
    "NULL::jsonb",
    "NULL::jsonb",
    "NULL",
    "'bench'",
    ":amount::bigint",
    ":programme_version::int",
    ":purchase_id::uuid",
    "NULL::bigint",
    "NULL::jsonb",
    "ARRAY[:measure::text]",
    "ARRAY[:amount::bigint]",
    ":brought::boolean",
]


def _evaluation(made: Made, variables: dict[str, str]) -> str:
    rules = Programme.parse(PROGRAMME)
    statement = statement_for(made.tenant_id, rules, immediate_ladders(rules), Ids.ONE)
    moment = moment_of(_RECORDED, _ZONE, firing=False, recorded_at=_RECORDED, cause="purchase", cause_id=_PURCHASE)
    terms = [":tenant::uuid", ":member_id"]
    for n, value in enumerate(statement.arguments(made.tenant_id, (made.tenant_id,), moment)[2:]):
        if value == _RECORDED:
            terms.append(":recorded_at")
        elif value == _PURCHASE:
            terms.append(":purchase_id")
        else:
            variables[f"e{n}"] = _text(value)
            terms.append(f":e{n}")
    return _filled(statement.sql, terms)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "{" + ",".join(_text(item) for item in value) + "}"
    if isinstance(value, date):
        return value.isoformat()
    if value is None:
        raise TypeError("pgbench has no variable that is NULL")
    return str(value)


def _filled(sql: str, terms: list[str]) -> str:
    """`$n` replaced, all in one line: pgbench's scripts end a statement with a line's end at a backslash command."""
    filled = re.sub(r"\$(\d+)", lambda m: terms[int(m[1]) - 1], sql)
    return " ".join(filled.split())


@dataclass(frozen=True)
class Outcome:
    """What pgbench counted."""

    per_second: float
    transactions: int


async def run(place: Place, script: Script, *, name: str, clients: int, seconds: int) -> Outcome:
    """Runs a script as the role app. Raises where a transaction failed."""
    file = place.folder / f"{name}.sql"
    file.write_text(script.text)
    variables = {**script.variables, "run": name, "k": "0"}
    command = [str(postgres_program("pgbench")), "-h", "127.0.0.1", "-p", str(place.postgres.port), "-U", "app", "-n"]
    command += ["-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", str(file)]
    command += [f"-D{key}={value}" for key, value in variables.items()]
    environ = {**os.environ, "PGPASSWORD": place.postgres.passwords["app"], "PGOPTIONS": "-c jit=off"}
    process = await asyncio.create_subprocess_exec(
        *command, DATABASE, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, errors = (part.decode() for part in await process.communicate())
    tps = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    made = re.search(r"^number of transactions actually processed: (\d+)", said, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", said, re.MULTILINE)
    if process.returncode or tps is None or made is None or failed is None or failed[1] != "0":
        raise RuntimeError(f"pgbench: {said}{errors}")
    return Outcome(float(tps[1]), int(made[1]))

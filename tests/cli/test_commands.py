import asyncio
import re
import secrets
from typing import Any
from uuid import uuid4

import pytest
from support.chains import Chain
from support.clock import owner

from saas.outbox import enqueue
from saas.scope import tenant_scope
from saas.terminal import table

COMMANDS = (
    "up",
    "serve",
    "worker",
    "relay",
    "scheduler",
    "stripe-sandbox",
    "migrate",
    "doctor",
    "tenant",
    "verify",
    "prove",
    "jobs",
    "secrets",
    "bench",
)


async def run(regulars: Any, *arguments: str, **more: Any) -> Any:
    """The command in a thread: the tests' pools live on this loop."""
    return await asyncio.to_thread(regulars, *arguments, **more)


async def test_help_lists_every_command(regulars: Any) -> None:
    done = await run(regulars, "--help")
    assert done.returncode == 0
    assert all(re.search(rf"^  {name} ", done.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("relay",), ("scheduler",), ("migrate",), ("tenant", "list")]
)
async def test_missing_settings_are_named_in_one_line(regulars: Any, command: tuple[str, ...]) -> None:
    done = await run(regulars, *command, DATABASE_URL=None, SECRET_KEYS=None)
    assert done.returncode == 1
    assert "Missing settings: DATABASE_URL, SECRET_KEYS." in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_wrong_setting_is_named_without_its_value(regulars: Any) -> None:
    done = await run(regulars, "tenant", "list", POOL_SIZE="many-secrets")
    assert done.returncode == 1
    assert "POOL_SIZE" in done.stderr
    assert "many-secrets" not in done.stderr


async def test_a_database_that_is_away_is_one_line(regulars: Any) -> None:
    done = await run(regulars, "tenant", "list", OPERATOR_DATABASE_URL="postgresql://operator:x@127.0.0.1:1/x")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Can't reach a server" in done.stderr


async def test_a_refused_log_in_is_one_line(regulars: Any, environ: dict[str, str]) -> None:
    wrong = re.sub(r"//operator:[^@]*@", "//operator:wrong@", environ["OPERATOR_DATABASE_URL"])
    done = await run(regulars, "tenant", "list", OPERATOR_DATABASE_URL=wrong)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "refuses the log-in" in done.stderr


async def test_migrating_again_changes_nothing(regulars: Any) -> None:
    done = await run(regulars, "migrate")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "The schema is at head.\n"


async def test_a_fresh_key_is_long_enough_and_needs_no_settings(regulars: Any) -> None:
    first, second = [await run(regulars, "secrets", "new", DATABASE_URL=None, SECRET_KEYS=None) for _ in range(2)]
    assert first.returncode == 0
    assert len(first.stdout.strip()) >= 32
    assert first.stdout != second.stdout


async def test_tenants_are_listed_and_shown(regulars: Any, chain: Chain) -> None:
    listed = await run(regulars, "tenant", "list")
    line = next(line for line in listed.stdout.splitlines() if str(chain.tenant_id) in line)
    slug = line.split()[1]
    await chain.http.post("/v1/members", json={"name": "Ann"})
    for name in (str(chain.tenant_id), slug):
        shown = await run(regulars, "tenant", "show", name)
        assert re.search(r"^member rows +1$", shown.stdout, re.MULTILINE), shown.stderr
        assert re.search(r"^timezone +Asia/Shanghai$", shown.stdout, re.MULTILINE)
    strange = await run(regulars, "tenant", "show", "nobody")
    assert strange.returncode == 1
    assert "no tenant has the id or slug 'nobody'" in strange.stderr


async def dead_letter(chain: Chain) -> str:
    async with tenant_scope(chain.tenant_id):
        job_id = await enqueue(f"test.{secrets.token_hex(4)}", {"number": 7})
    await (await owner()).execute(
        "UPDATE outbox SET dead_at = clock_timestamp(), attempts = 8, last_error = 'ValueError: no'"
        " WHERE tenant_id = $1 AND id = $2",
        chain.tenant_id,
        job_id,
    )
    return str(job_id)


async def test_dead_letters_are_listed_sent_again_and_dropped(regulars: Any, chain: Chain) -> None:
    tenant = ("--tenant", str(chain.tenant_id))
    assert "No dead letters." in (await run(regulars, "jobs", "dead", *tenant)).stdout
    job_id = await dead_letter(chain)
    listed = (await run(regulars, "jobs", "dead", *tenant)).stdout
    assert job_id in listed
    assert "ValueError: no" in listed
    assert "1 sent again" in (await run(regulars, "jobs", "retry", "--id", job_id)).stdout
    assert "No dead letters." in (await run(regulars, "jobs", "dead", *tenant)).stdout

    second = await dead_letter(chain)
    refused = await run(regulars, "jobs", "drop", "--id", second, stdin="n\n")
    assert refused.returncode == 1
    assert second in (await run(regulars, "jobs", "dead", *tenant)).stdout
    assert "1 dropped" in (await run(regulars, "jobs", "drop", "--id", second, "--yes")).stdout
    await dead_letter(chain)
    assert "1 dropped" in (await run(regulars, "jobs", "drop", *tenant, "--yes")).stdout


@pytest.mark.parametrize("command", ["retry", "drop"])
async def test_nothing_is_chosen_by_default(regulars: Any, command: str) -> None:
    done = await run(regulars, "jobs", command)
    assert done.returncode == 2
    assert "--tenant, --name or --id" in done.stderr
    assert "0 " in (await run(regulars, "jobs", command, "--id", str(uuid4()), stdin="y\n")).stdout


@pytest.mark.parametrize("given", ["9101", "host:", "host:99999", ":1", "host:１２"])
async def test_a_wrong_endpoint_is_refused(regulars: Any, given: str) -> None:
    done = await run(regulars, "worker", "--metrics", given)
    assert done.returncode == 2
    assert "isn't host:port" in done.stderr


def test_a_table_lines_up_under_chinese_names() -> None:
    lines = table(("name", "n"), [("青禾", 1), ("abcdef", 22)]).splitlines()
    assert lines == ["name    n", "青禾    1", "abcdef  22"]


def test_operators_are_added_listed_reset_and_removed(regulars: Any) -> None:
    email = "night-watch@ops.example"
    arguments = ("operator", "add", email, "--name", "Night watch", "--password-stdin")
    weak = regulars(*arguments, stdin="password\n")
    assert (weak.returncode, weak.stdout) == (1, "")
    assert "too easy to guess" in weak.stderr
    made = regulars(*arguments, stdin="a good long password\n")
    assert (made.returncode, made.stdout) == (0, "added\n"), made.stderr
    again = regulars(*arguments, stdin="a good long password\n")
    assert again.returncode == 1
    assert "operator already" in again.stderr
    assert regulars(*arguments, "--keep", stdin="a good long password\n").returncode == 0
    assert re.search(
        rf"^{email} +Night watch +\d{{4}}-\d\d-\d\d +no$", regulars("operator", "list").stdout, re.MULTILINE
    )
    assert regulars("operator", "reset", email, "--generate").stdout.startswith("password: ")
    assert regulars("operator", "remove", email).returncode == 0
    assert email not in regulars("operator", "list").stdout
    assert regulars("operator", "remove", email).returncode == 1

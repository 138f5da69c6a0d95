"""The process: `regulars stripe-sandbox` as `regulars up` starts it, and what it refuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import stripe
from support.stripe_box import ROOT

from saas.local import programs
from saas.local.environment import sandbox_environment, write_environment
from saas.local.process import free_port
from saas.local.supervisor import own_programs


class Process:
    """The program of the supervisor, on a data folder, with its environment."""

    def __init__(self, folder: Path, port: int, webhook: str = "http://127.0.0.1:9") -> None:
        self.environment = sandbox_environment(folder, port)
        program = programs.stripe_sandbox(folder, port, webhook)
        environment = {**os.environ, **self.environment, "ENVIRONMENT": "local"}
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            program.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert str(port) in self.process.stdout.readline()
        self.client = stripe.StripeClient(
            self.environment["STRIPE_API_KEY"],
            base_addresses={"api": self.environment["STRIPE_API_BASE"]},
            max_network_retries=0,
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def test_it_keeps_everything_through_a_kill(tmp_path: Path) -> None:
    folder, port = tmp_path, free_port()
    first = Process(folder, port)
    clock = first.client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000}).id
    customer = first.client.v1.customers.create({"test_clock": clock}, {"idempotency_key": "k"}).id
    [endpoint] = first.client.v1.webhook_endpoints.list().data
    assert (endpoint.url, endpoint.enabled_events) == ("http://127.0.0.1:9/stripe/webhook", ["*"])
    first.client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": 1_800_000_060})
    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    second = Process(folder, port)
    assert second.environment == first.environment
    assert second.client.v1.customers.create({"test_clock": clock}, {"idempotency_key": "k"}).id == customer
    assert [one.id for one in second.client.v1.webhook_endpoints.list().data] == [endpoint.id]
    deadline = time.monotonic() + 10
    while second.client.v1.test_helpers.test_clocks.retrieve(clock).status != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert second.client.v1.test_helpers.test_clocks.retrieve(clock).frozen_time == 1_800_000_060
    undelivered = second.client.v1.events.list({"delivery_success": False, "type": "customer.created"}).data
    assert [event.data.object["id"] for event in undelivered] == [customer]
    assert second.end() == 0
    assert {path.stat().st_mode & 0o777 for path in folder.glob("stripe-sandbox.db*")} == {0o600}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"STRIPE_API_KEY": "sk_live_x"}, "isn't a test key"),
        ({"STRIPE_API_KEY": "sk_test_x", "ENVIRONMENT": "production"}, "nobody would be charged"),
    ],
)
def test_it_refuses_to_start(environment: dict[str, str], said: str) -> None:
    command = [sys.executable, "-m", "saas.cli", "stripe-sandbox", "--port", "0"]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENT": "local", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "sk_live_x" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "started"),
    [({}, True), ({"STRIPE_API_KEY": "sk_test_x"}, False), ({"ENVIRONMENT": "production"}, False)],
)
def test_up_starts_it_unless_there_is_a_stripe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], started: bool
) -> None:
    for name in ("STRIPE_API_KEY", "ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found, more = own_programs("127.0.0.1", free_port(), tmp_path, "http://127.0.0.1")
    assert [program.name for program in found] == ["api", "worker", "relay", "scheduler"] + ["stripe"] * started
    assert bool(more) == started


def test_a_folder_has_keys_of_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    mine = sandbox_environment(one, 8001)
    assert mine == sandbox_environment(one, 8001)
    assert mine["STRIPE_API_KEY"].startswith("sk_test_")
    assert mine["STRIPE_WEBHOOK_SECRETS"].startswith("whsec_")
    assert not set(mine.values()) & set(sandbox_environment(other, 8002).values())
    written = write_environment(one, {"ENVIRONMENT": "local", **mine})
    assert written.stat().st_mode & 0o777 == 0o600
    assert {line.partition("=")[0] for line in written.read_text().splitlines()} == {"ENVIRONMENT", *mine}

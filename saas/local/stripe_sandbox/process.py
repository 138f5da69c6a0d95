"""`regulars stripe-sandbox`: the process."""

import importlib
import os
import pkgutil
import signal
import sys
import threading
from pathlib import Path

from saas.local.stripe_sandbox import clocks
from saas.local.stripe_sandbox.kernel import Sandbox
from saas.local.stripe_sandbox.resources import endpoints, test_clocks
from saas.local.stripe_sandbox.server import Server
from saas.local.stripe_sandbox.store import Store

_POLL_SECONDS = 0.2


def load_routes() -> None:
    """Import every module that answers calls; each registers its own."""
    for package in ("resources", "billing"):
        folder = Path(__file__).with_name(package)
        for module in pkgutil.iter_modules([str(folder)]):
            importlib.import_module(f"saas.local.stripe_sandbox.{package}.{module.name}")


def refusal(key: str, environment: str) -> str | None:
    """Why the sandbox must not run with this key in this environment; None if it may."""
    if environment == "production":
        return "The sandbox of Stripe refuses to run with ENVIRONMENT=production: nobody would be charged."
    if key and not key.startswith("sk_test_"):
        return "STRIPE_API_KEY isn't a test key (sk_test_…); the sandbox doesn't touch it."
    return None


def run(port: int, data: Path | None = None, webhook: str = "") -> int:
    """Serve until SIGTERM or SIGINT; answers the exit code. `data`: a file, None keeps everything in memory.

    STRIPE_API_KEY is the only key accepted if it's set. `webhook`: an address that hears of every event from the start,
    signed with the first of STRIPE_WEBHOOK_SECRETS.
    """
    key = os.environ.get("STRIPE_API_KEY", "")
    reason = refusal(key, os.environ.get("ENVIRONMENT", ""))
    if reason is not None:
        sys.stderr.write(reason + "\n")
        return 1
    load_routes()
    sandbox = Sandbox(Store(data), key)
    try:
        server = Server(sandbox, port)
    except OSError as error:
        sys.stderr.write(f"Can't listen on 127.0.0.1:{port}: {error.strerror}\n")
        return 1
    secret = os.environ.get("STRIPE_WEBHOOK_SECRETS", "").partition(",")[0].strip()
    if webhook and secret:
        with sandbox.store.transaction():
            endpoints.ensure(sandbox.store, webhook, secret)
    _serve(sandbox, server)
    return 0


def _serve(sandbox: Sandbox, server: Server) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox.deliveries.recover()
    threads = [
        threading.Thread(target=server.serve_forever, name="http", daemon=True),
        threading.Thread(target=_keep_time, args=(sandbox, ended), name="time", daemon=True),
        threading.Thread(target=_deliver, args=(sandbox, ended), name="webhooks", daemon=True),
    ]
    for thread in threads:
        thread.start()
    sys.stdout.write(f"The sandbox of Stripe answers at http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    ended.wait()
    server.shutdown()


def _keep_time(sandbox: Sandbox, ended: threading.Event) -> None:
    while not ended.is_set():
        sandbox.wake.wait(_POLL_SECONDS)
        sandbox.wake.clear()
        clocks.tick(sandbox.store)
        test_clocks.advance_all(sandbox.store)


def _deliver(sandbox: Sandbox, ended: threading.Event) -> None:
    while not ended.wait(_POLL_SECONDS):
        sandbox.deliveries.push()

"""At the start on one machine: the sandbox of Stripe gets our plans, so that they can be bought at once."""

import subprocess
from urllib.parse import urlsplit

from saas.local.programs import regulars
from saas.local.supervisor import Running
from saas.settings import is_loopback

_SECONDS = 60.0


def publish_plans(running: Running) -> None:
    """Does nothing where there is no sandbox: a real account is the operator's to change (`regulars billing sync`).
    Raises RuntimeError with what the command said where it failed.
    """
    if not is_loopback(urlsplit(running.environment.get("STRIPE_API_BASE", "")).hostname):
        return
    done = subprocess.run(  # noqa: S603  # ours
        regulars("billing", "sync"),
        env=dict(running.environment),
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())

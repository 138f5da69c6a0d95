"""The demo chains' own accounts: some have bought a plan, by card or by invoice, and one still tries it out.

Only on the sandbox of Stripe: a demo buys nothing from the real one.
"""

import time
import urllib.parse
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from saas.demo.client import Client
from saas.demo.state import load
from saas.local.supervisor import Running
from saas.settings import is_loopback

PAYS: Final = {"pharmacy": "card", "tea": "card", "gym": "invoice"}
"""By industry; the others are in trial."""
_CARD: Final = "4242424242424242"
_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2


def buy_plans(running: Running) -> None:
    """Buys, for each chain that pays and hasn't bought, the smallest plan that it fits into."""
    sandbox = running.environment.get("STRIPE_API_BASE", "")
    state = load(running.data_dir)
    if state is None or not is_loopback(urlsplit(sandbox).hostname):
        return
    for code, chain in state.chains.items():
        how = PAYS.get(code)
        if how is not None and chain.key is not None and chain.filled:
            with Client(running.url, chain.key) as client:
                _buy(client, how)


def _buy(client: Client, how: str) -> None:
    account = client.get("/v1/billing")
    if account["subscription"] is not None:
        return
    fits = (one["code"] for one in account["offers"] if one["branches"] >= account["use"]["branches"])
    opened = client.post("/v1/billing/checkout", {"plan": next(fits), "pay": how})
    if opened["url"] is not None:
        _fill_in(opened["url"])
    deadline = time.monotonic() + _SECONDS
    while client.get("/v1/billing")["subscription"] is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # the webhook is on its way


def _fill_in(url: str) -> None:
    """As a person would, on the sandbox's page. It leads back to a page of ours, which nobody needs to see here."""
    form = urllib.parse.urlencode({"card": _CARD}).encode()
    with urllib.request.build_opener(_Stay).open(url, form, timeout=_SECONDS):
        return


class _Stay(urllib.request.HTTPErrorProcessor):
    """Follows no redirect, and takes it for an answer."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:  # noqa: ARG002
        return response

    https_response = http_response

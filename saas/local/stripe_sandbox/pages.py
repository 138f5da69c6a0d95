"""Pages for a browser (Checkout, portal): those that were registered by `routes.page`."""

import time
from urllib.parse import urlsplit

from saas.local.stripe_sandbox import forms, routes
from saas.local.stripe_sandbox.errors import StripeError
from saas.local.stripe_sandbox.kernel import Answer, Request, Sandbox
from saas.local.stripe_sandbox.store import Cause


def browse(sandbox: Sandbox, request: Request) -> Answer:
    """Answer a browser; what the page wrote stays only if it didn't fail."""
    address = urlsplit(request.target)
    try:
        known, values = routes.match(request.method, address.path)
        fields = forms.pairs(address.query) + forms.pairs(request.body.decode(errors="replace"))
        call = routes.Call(sandbox.store, forms.nested(fields), values, address.path, int(time.time()))
        with sandbox.store.transaction():
            sandbox.store.cause = Cause()
            shown = known.handler(call)
    except StripeError as error:
        return _page(routes.Page(f"<!doctype html><title>{error.status}</title><p>{error}</p>", status=error.status))
    sandbox.wake.set()
    return _page(shown)


def _page(page: routes.Page) -> Answer:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline'",
    }
    if page.location is not None:
        return Answer(303, b"", {**headers, "Location": page.location})
    return Answer(page.status, page.html.encode(), headers)

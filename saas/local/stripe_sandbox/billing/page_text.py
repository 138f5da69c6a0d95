"""The frame of the sandbox's pages: plain, and unmistakably not Stripe's own."""

from html import escape

from saas.local.stripe_sandbox.billing.wording import money
from saas.local.stripe_sandbox.routes import Page
from saas.local.stripe_sandbox.store import Object

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
header{border-bottom:3px dashed #b45309;margin-bottom:1.5rem}h1{font-size:1.3rem}
table{width:100%;border-collapse:collapse}td{padding:.3rem 0;border-bottom:1px solid #ddd}
td:last-child{text-align:right}
label{display:block;margin:.8rem 0 .2rem}input{width:100%;padding:.5rem;font:inherit;box-sizing:border-box}
button{margin-top:1rem;padding:.6rem 1.2rem;font:inherit;cursor:pointer}.no{color:#b91c1c;font-weight:600}
"""
CARDS = "4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined, 4000 0000 0000 0341 is declined later,"
CARDS += " 4000 0025 0000 3155 asks for authentication."


def frame(title: str, body: str, status: int = 200) -> Page:
    """A page; `body` is HTML, `title` is text."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<header>Stripe sandbox: nothing here is charged</header><main><h1>{escape(title)}</h1>{body}"
        "</main></body></html>"
    )
    return Page(html, status=status)


def error_line(message: str | None) -> str:
    """What went wrong, if anything."""
    return f'<p class="no" role="alert">{escape(message)}</p>' if message else ""


def lines_table(lines: list[Object], total: int, currency: str) -> str:
    """An invoice's lines and their sum."""
    rows = "".join(
        f"<tr><td>{escape(line['description'])}</td><td>{escape(money(line['amount'], currency))}</td></tr>"
        for line in lines
    )
    return f"<table>{rows}<tr><td><b>Total</b></td><td><b>{escape(money(total, currency))}</b></td></tr></table>"


def card_form(button: str, *, required: bool, extra: str = "") -> str:
    """A form with a test card's number."""
    need = " required" if required else ""
    return (
        f'<form method="post"><label for="card">Card number</label>'
        f'<input id="card" name="card" inputmode="numeric" autocomplete="off"{need}><p>{CARDS}</p>{extra}'
        f'<button name="do" value="pay">{escape(button)}</button></form>'
    )


def link(address: str, text: str) -> str:
    """A link to one of the product's own pages."""
    return f'<p><a href="{escape(address, quote=True)}">{escape(text)}</a></p>'

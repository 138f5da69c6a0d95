"""What `regulars verify` prints: a line for each chain, a table of what differs, and how far it is with a big one."""

import json
import os
import sys
import time
from typing import Any, Final

import click

from saas.errors import DEFAULT_LANGUAGE, Language
from saas.i18n import as_language
from saas.operators.proofs import Proved, prove
from saas.operators.tenants import Tenant
from saas.terminal import table
from tenants.proofs.finding import Finding

EVERY_SECONDS: Final = 5.0
_HEAD: Final = ("check", "what", "member", "by the facts", "stored", "why")


async def verify(tenant: str | None, *, most: int | None) -> tuple[int, int]:
    """Proves and prints; how many tenants, and how many differences. Raises UnknownTenantError."""
    tenants = differences = 0
    async for proved in prove(tenant, most=most, progress=_Progress()):
        tenants, differences = tenants + 1, differences + len(proved.found)
        click.echo(_line(proved))
        if proved.found:
            click.echo(table(_HEAD, [_row(one, _language()) for one in proved.found]))
    return tenants, differences


def _line(proved: Proved) -> str:
    said = f"{len(proved.found)} differences" if proved.found else "proved"
    erased = f"; erased, not proved: {proved.erased:,}" if proved.erased else ""
    return f"{proved.tenant.slug}: {said} (members: {proved.members:,}{erased})"


def _row(one: Finding, language: Language) -> tuple[Any, ...]:
    return one.kind, one.what, one.member_id, _text(one.expected), _text(one.stored), one.why[language]


def _text(value: Any) -> str:
    """As it is stored, on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _language() -> Language:
    """The terminal's."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return as_language(os.environ[name].partition(".")[0]) or "en"
    return DEFAULT_LANGUAGE if os.environ.get("LANGUAGE", "").startswith("zh") else "en"


class _Progress:
    """A line on standard error every few seconds; in a terminal it stays one line."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, tenant: Tenant, members: int) -> None:
        if time.monotonic() - self._told >= EVERY_SECONDS:
            self._told = time.monotonic()
            ends = "\r" if sys.stderr.isatty() else "\n"
            click.echo(f"{tenant.slug}: {members:,} members are through{ends}", err=True, nl=False)

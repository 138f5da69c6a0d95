"""What the chain says of its sign-up page: whether it is open, a few words of its own, where its privacy notice is."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.field_types import clean_line
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.trading import require_trading

LONGEST_WORDS: Final = 300
_LONGEST_URL: Final = 500
_LANGUAGES: Final = ("zh-CN", "en")
_READ: Final = "SELECT p.open, p.words, p.privacy_url FROM join_page AS p WHERE p.tenant_id = $1"
_WRITE: Final = """
INSERT INTO join_page AS p (tenant_id, open, words, privacy_url, changed_at)
SELECT $1, $2, $3, $4, clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1
ON CONFLICT (tenant_id) DO UPDATE SET open = excluded.open, words = excluded.words, privacy_url = excluded.privacy_url,
       changed_at = excluded.changed_at
"""


@dataclass(frozen=True, slots=True)
class JoinPage:
    """`words`: by language, none where the chain says nothing."""

    open: bool
    words: dict[str, str]
    privacy_url: str | None


async def join_page() -> JoinPage:
    """The current tenant's; one that was never changed is open."""
    row: Any = await connection().fetchrow(_READ, current().tenant_id)
    return JoinPage(True, {}, None) if row is None else JoinPage(row["open"], row["words"], row["privacy_url"])


async def change_join_page(*, is_open: bool, words: dict[str, str], privacy_url: str) -> None:
    """Raises DomainError `tenant-closed`, `validation-failed` for words that are too long or no line of text, and
    for an address that isn't one.
    """
    await require_trading()
    said, errors = dict[str, str](), list[FieldError]()
    for language in _LANGUAGES:
        try:
            said[language] = _line(words.get(language, "").strip())
        except InvalidValueError as error:
            errors.append(error.field_error(f"/words_{language[:2]}"))
    url = privacy_url.strip()
    if url and not _is_address(url):
        errors.append(FieldError("/privacy_url", "invalid"))
    if errors:
        raise DomainError("validation-failed", errors=errors)
    kept = {language: text for language, text in said.items() if text}
    await connection().execute(_WRITE, current().tenant_id, is_open, kept, url or None)
    await record("join_page.change", f"tenant:{current().tenant_id}", {"open": is_open})


def _line(text: str) -> str:
    """Raises InvalidValueError."""
    if len(text) > LONGEST_WORDS:
        raise InvalidValueError("too-long", max=LONGEST_WORDS)
    return clean_line(text) if text else ""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and len(url) <= _LONGEST_URL and url.isprintable()

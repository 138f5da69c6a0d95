"""What a sign-up in steps has got so far. It travels in the address: Back, reload and a second tab find it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import urlencode

from industry_templates import loader
from saas.errors import DomainError, Language
from saas.validation import Body, CurrencyCode, Name, TimeZoneName, parse_body
from saas.welcome.showing import cards

_LONGEST: Final = 400
ZONE: Final = "Asia/Shanghai"
CURRENCY: Final = "CNY"


class _Company(Body):
    company: Name
    timezone: TimeZoneName
    currency: CurrencyCode


@dataclass(frozen=True, slots=True)
class Wanted:
    """As typed so far; empty: not yet."""

    company: str = ""
    timezone: str = ZONE
    currency: str = CURRENCY
    template: str = ""
    variant: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """From an address. The variant comes in a field of its own for each template that has some."""
        template = query.get("template", "")[:_LONGEST]
        return cls(
            query.get("company", "").strip()[:_LONGEST],
            query.get("timezone", ZONE)[:_LONGEST],
            query.get("currency", CURRENCY)[:_LONGEST],
            template,
            (query.get(f"variant-{template}") or query.get("variant", ""))[:_LONGEST],
        )

    def address(self, path: str, **changes: str) -> str:
        """The page with all of this."""
        now = replace(self, **changes)
        pairs = {name: getattr(now, name) for name in ("company", "timezone", "currency", "template", "variant")}
        return f"{path}?{urlencode({name: value for name, value in pairs.items() if value})}"

    def require_company(self) -> None:
        """Raises DomainError `validation-failed`."""
        given = {"company": self.company, "timezone": self.timezone, "currency": self.currency}
        parse_body(_Company, json.dumps(given).encode())

    @property
    def chosen(self) -> bool:
        """Whether there is such a template, and such a variant of it."""
        if self.template not in loader.load_all():
            return False
        try:
            loader.get(self.template).variant(self.variant or None)
        except LookupError:
            return False
        return True

    def template_name(self, language: Language) -> str:
        """Of a template that is `chosen`, with its variant's."""
        card = next(card for card in cards(language) if card.code == self.template)
        variant = next((name for code, name, _ in card.variants if code == self.variant), "")
        return f"{card.name} · {variant}" if variant else card.name

    def faults(self) -> DomainError | None:
        """What is wrong with the first step."""
        try:
            self.require_company()
        except DomainError as error:
            return error
        return None

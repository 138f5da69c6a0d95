"""Which kinds of activities the rules know, and which of them are health measurements."""

from saas.principal import KeyScope
from saas.scope import current
from tenants.programme.document import Programme

SEES_HEALTH: KeyScope = "health:read"


def is_known(rules: Programme, kind: str) -> bool:
    """A programme that declares no kinds takes any."""
    return not rules.activity_kinds or kind in rules.activity_kinds


def known_kinds(rules: Programme) -> str:
    """For messages."""
    return ", ".join(rules.activity_kinds)


def is_health(rules: Programme, kind: str) -> bool:
    """A health measurement: not without the member's own consent, and its numbers not for everybody's eyes."""
    return kind in rules.health_kinds


def may_see_health() -> bool:
    """Whether the caller has the right to what was measured."""
    return current().principal.may(SEES_HEALTH)

"""What is doubtful in a draft, in words."""

from saas.errors import FieldError
from saas.wording import field_message
from tenants.programme.doubts import Doubt
from tenants.programme.wording.measured import leaf_text
from tenants.programme.wording.teller import Teller


def doubt_text(doubt: Doubt, teller: Teller) -> str:
    """One sentence: who asks for more than whom, by the names of the tiers and in the words of the conditions."""
    if not doubt.asks:
        params = doubt.params | {name: teller.named(names) for name, names in doubt.names.items()}
        return field_message(FieldError(doubt.pointer, doubt.code, params), teller.language)
    (lower, asked), (higher, less) = doubt.asks
    text = teller.say(
        "%(tier)s asks for more than %(higher)s above it: %(asks)s, and there %(less)s",
        tier=teller.named(lower.names),
        asks=leaf_text(asked, teller),
        higher=teller.named(higher.names),
        less=leaf_text(less, teller),
    )
    return teller.sentence(text)

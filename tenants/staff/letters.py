"""Letters to staff, in the chain's language."""

from typing import Any, Final

from saas.errors import DEFAULT_LANGUAGE
from saas.i18n import Tongue, as_language, tongue
from saas.mail.letter import post_letter
from saas.scope import connection, current
from saas.sessions import ROLE_NAMES
from tenants.staff.employ import Role

_CHAIN: Final = "SELECT t.name, t.locale FROM tenant AS t WHERE t.tenant_id = $1"


async def _chain() -> tuple[Tongue, str]:
    """The chain's language and name."""
    row: Any = await connection().fetchrow(_CHAIN, current().tenant_id)
    return tongue(as_language(row["locale"]) or DEFAULT_LANGUAGE), row["name"]


async def post_invitation(email: str, name: str, role: Role, url: str) -> None:
    """The invitation's link, on its way once the current scope has committed."""
    speaks, chain = await _chain()
    paragraphs = [
        speaks.say("Dear %(name)s,", name=name),
        speaks.say(
            "%(chain)s invites you to work in its membership system, as: %(role)s.",
            chain=chain,
            role=speaks.say(ROLE_NAMES[role]),
        ),
        speaks.say("Open this link to accept. It is good once and for seven days:"),
        url,
        speaks.say("If you don't expect this, there is nothing to do."),
    ]
    subject = speaks.say("%(chain)s invites you", chain=chain)
    await post_letter(email, subject, "\n\n".join(paragraphs) + "\n")


async def post_factor_gone(email: str, name: str) -> None:
    """That an owner took the person's second factor away."""
    speaks, chain = await _chain()
    paragraphs = [
        speaks.say("Dear %(name)s,", name=name),
        speaks.say(
            "An owner of %(chain)s has turned off your two-step log-in, for who has lost the phone.", chain=chain
        ),
        speaks.say("You log in with the password alone now. Set it up again under your account."),
        speaks.say("If you didn't ask for this, talk to the owner, and change your password."),
    ]
    subject = speaks.say("%(chain)s: your two-step log-in is off", chain=chain)
    await post_letter(email, subject, "\n\n".join(paragraphs) + "\n")

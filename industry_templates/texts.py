"""Notes of a template, in both languages."""

from tenants.campaigns.texts import Prose
from tenants.programme.strict import Strict


class Note(Strict):
    """One thing to know about the template; `ours`: our choice, not the market's, and easily changed."""

    ours: bool
    texts: Prose

"""What is wrong in a draft, for who has never seen its JSON."""

from typing import Any, Final

from saas.errors import FieldError, Language
from saas.i18n import n_, tongue
from saas.wording import field_message

_IN_WORDS: Final = {
    "bound-missing": n_("Say how much: fill in at least one number."),
    "bounds-crossed": n_("“Below” has to be more than “at least”."),
    "qualify-missing": n_("Say what reaches this tier: add a condition."),
    "empty-group": n_("Add a condition, or remove the group."),
    "required": n_("Please fill this in."),
    "wrong-type": n_("Please fill this in."),
    "decimal-string": n_("This is not a number with up to four decimals, such as 12.5."),
    "base-condition": n_("The lowest tier is where everybody begins: it asks for nothing."),
    "wrong-format": n_("This can't be used here: letters a–z, digits, - and _ only."),
}
_NOT_A_NUMBER: Final = n_("“%(value)s” is not a number that fits here.")


def fault_text(error: FieldError, value: Any, language: Language) -> str:
    """One sentence about the `value` that stands at the error's place."""
    say = tongue(language).say
    if error.code == "wrong-type" and isinstance(value, str) and value:
        return say(_NOT_A_NUMBER, value=value[:40])
    code = "required" if error.code == "decimal-string" and value in {None, ""} else error.code
    text = _IN_WORDS.get(code)
    return field_message(error, language) if text is None else say(text)

"""Metadata: at most 50 keys of 40 characters, values of 500."""

from typing import Final

from saas.local.stripe_sandbox.errors import invalid

_MOST: Final = 50
_LONGEST_KEY: Final = 40
_LONGEST_VALUE: Final = 500


def merged(old: dict[str, str], given: dict[str, str] | str) -> dict[str, str]:
    """`old` with what is given; an empty value takes its key away, an empty text all of them."""
    if isinstance(given, str):
        return {}
    for key, value in given.items():
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise invalid(
                f"Metadata keys can be up to {_LONGEST_KEY} characters long, values up to {_LONGEST_VALUE}.",
                f"metadata[{key}]",
            )
    result = {key: value for key, value in {**old, **given}.items() if value}
    if len(result) > _MOST:
        raise invalid(f"You can only have up to {_MOST} metadata keys.", "metadata")
    return result

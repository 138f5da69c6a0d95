"""How many text messages a text takes, as carriers count them."""

from typing import Final

# 3GPP TS 23.038: the default alphabet, 160 characters in one message and 153 in each of several; characters of its
# extension count twice. Any other character makes it UCS-2: 70, and 67 in each of several (TS 23.040, 9.2.3.24.1).
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_GSM_LENGTHS: Final = (160, 153)
_UCS_LENGTHS: Final = (70, 67)


def sms_parts(text: str) -> int:
    """Messages that the text takes; 1 for an empty one."""
    if set(text) <= _GSM | _EXTENSION:
        length, (alone, each) = len(text) + sum(letter in _EXTENSION for letter in text), _GSM_LENGTHS
    else:
        length, (alone, each) = len(text.encode("utf-16-be")) // 2, _UCS_LENGTHS
    return 1 if length <= alone else -(-length // each)

"""Texts that are sent: in both languages, with placeholders that are filled in for each member."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tenants.campaigns.document import Channel
from tenants.programme.strict import Code, Fault, Names, Strict, as_tuple, invalid

PLACEHOLDERS: Final = frozenset(
    ("chain", "branch", "name", "card_no", "tier", "next_tier", "missing", "points", "balance", "coupon", "date")
)
"""What a message may say of its member: `{tier}` and so on, filled in when it is sent."""
_BRACES: Final = re.compile(r"\{([^{}]*)\}")

Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Purpose = Literal["marketing", "service"]


class Prose(Strict):
    """A paragraph in both languages of the product."""

    zh_cn: Paragraph = Field(alias="zh-CN")
    en: Paragraph

    def get(self, locale: str) -> str:
        """The Chinese text for a Chinese locale, else the English one."""
        return self.zh_cn if locale.lower().startswith("zh") else self.en


def placeholders(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(_BRACES.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled, once: what a value says in braces stays as it is. One without a value
    leaves nothing.
    """
    return _BRACES.sub(lambda found: values.get(found[1], ""), text)


def _fillable(text: Prose) -> Prose:
    said = {"zh-CN": placeholders(text.zh_cn), "en": placeholders(text.en)}
    for language, names in said.items():
        unknown = ", ".join(sorted(names - PLACEHOLDERS))
        if unknown:
            message = "{unknown} can't be filled in"
            raise invalid("message", [Fault((language,), "unknown-placeholder", message, {"unknown": unknown})])
    if said["zh-CN"] != said["en"]:
        different = ", ".join(sorted(said["zh-CN"] ^ said["en"]))
        message = "One language says {different}, the other one doesn't"
        raise PydanticCustomError("placeholders-differ", message, {"different": different})
    return text


class Message(Strict):
    """A text that is sent. `marketing` goes only to members who agreed to the channel; `service` belongs to what the
    member has already (points about to expire, a tier reached).
    """

    code: Code
    names: Names
    purpose: Purpose
    channels: Annotated[tuple[Channel, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=4)]
    texts: Annotated[Prose, AfterValidator(_fillable)]

    @model_validator(mode="after")
    def _short(self) -> "Message":
        """A text message of more than 500 characters is no text message."""
        if "sms" in self.channels and max(len(self.texts.zh_cn), len(self.texts.en)) > 500:  # noqa: PLR2004
            raise PydanticCustomError("too-long-for-sms", "This is too long for a text message")
        return self

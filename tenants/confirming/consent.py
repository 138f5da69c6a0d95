"""What a till sends to show that the member agrees. None of it may reach a log, an error or a stored answer."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from saas.validation import Body

PIN_DIGITS: Final = 6
SMS_DIGITS: Final = 6
SixDigits = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
CodeText = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$")]
"""As a scanner reads it."""


class QrConsent(Body):
    """The code that the member's digital card showed less than a minute ago."""

    type: Literal["qr"]
    code: CodeText


class SmsConsent(Body):
    """The digits that were sent to the member's phone less than five minutes ago."""

    type: Literal["sms"]
    code: SixDigits


class PinConsent(Body):
    """The member's own PIN, which it typed itself."""

    type: Literal["pin"]
    pin: SixDigits


WalletConsent = Annotated[QrConsent | SmsConsent | PinConsent, Field(discriminator="type")]

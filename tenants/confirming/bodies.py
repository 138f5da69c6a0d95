"""What the chain's member app and its tills send."""

from typing import Annotated

from pydantic import Field

from saas.money import MAX_MINOR
from saas.validation import Body
from tenants.confirming.consent import SixDigits

Positive = Annotated[int, Field(strict=True, ge=1, le=MAX_MINOR)]


class QrBody(Body):
    """`amount`: the most that the code consents to, in minor units; left out, any."""

    amount: Positive | None = None


class SmsBody(Body):
    """`amount` is in the text that the member gets, and the most that its code consents to."""

    amount: Positive


class PinBody(Body):
    """Six digits."""

    pin: SixDigits

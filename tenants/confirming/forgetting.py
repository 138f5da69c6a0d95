"""Who leaves, or becomes part of somebody else, consents no more by what was given before."""

from uuid import UUID

from tenants.confirming.codes import forget_codes
from tenants.confirming.pins import forget_pins


async def forget_consents(members: list[UUID]) -> None:
    """Takes codes and PINs of these away. A merged record's never become the survivor's: whoever made up a record with
    a PIN would else pay from the other's wallet by merging them.
    """
    await forget_codes(members)
    await forget_pins(members)

"""Segments to choose from, by what people call them."""

from typing import Final

from saas.i18n import Tongue
from tenants.offers.coupon_pages.words import named
from tenants.segments.segment import segments

_MOST: Final = 500


async def segment_choices(speaks: Tongue) -> list[tuple[str, str]]:
    """(code, name) of the chain's own, the oldest first."""
    return [(one["code"], named(one["names"], speaks)) for one in await segments(None, _MOST)]

"""All pages about coupons."""

from tenants.offers.coupon_pages import editing, giving, held_one, listing, one, sheets

HANDLERS = [
    *listing.HANDLERS,
    *editing.HANDLERS,
    *one.HANDLERS,
    *giving.HANDLERS,
    *sheets.HANDLERS,
    *held_one.HANDLERS,
]

"""All pages about rewards."""

from tenants.offers.reward_pages import claims, editing, listing, one

HANDLERS = [*listing.HANDLERS, *editing.HANDLERS, *one.HANDLERS, *claims.HANDLERS]

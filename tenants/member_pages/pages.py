"""All pages about members."""

from tenants.member_pages import acting, by_hand, editing, listing, one

HANDLERS = [*listing.HANDLERS, *acting.HANDLERS, *editing.HANDLERS, *by_hand.HANDLERS, *one.HANDLERS]

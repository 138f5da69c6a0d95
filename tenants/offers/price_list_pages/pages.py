"""All pages about price lists."""

from tenants.offers.price_list_pages import lists, uploading

HANDLERS = [*lists.HANDLERS, *uploading.HANDLERS]

"""All pages about campaigns."""

from tenants.marketing.campaign_pages import editing, listing, one, reporting

HANDLERS = [*listing.HANDLERS, *editing.HANDLERS, *one.HANDLERS, *reporting.HANDLERS]

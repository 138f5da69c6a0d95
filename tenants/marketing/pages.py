"""All pages of marketing."""

from tenants.marketing.campaign_pages import pages as campaign_pages
from tenants.marketing.message_pages import pages as message_pages
from tenants.marketing.segment_pages import pages as segment_pages
from tenants.marketing.task_pages import pages as task_pages

HANDLERS = [*task_pages.HANDLERS, *segment_pages.HANDLERS, *campaign_pages.HANDLERS, *message_pages.HANDLERS]

"""All pages about messages."""

from tenants.marketing.message_pages import log, texts

HANDLERS = [*log.HANDLERS, *texts.HANDLERS]

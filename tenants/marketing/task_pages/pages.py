"""All pages about tasks."""

from tenants.marketing.task_pages import listing, one, report, rules

HANDLERS = [*listing.HANDLERS, *one.HANDLERS, *rules.HANDLERS, *report.HANDLERS]

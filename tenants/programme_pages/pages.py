"""Every page of the programme."""

from tenants.programme_pages import history, ladders, policy, publishing, reading, rules_pages, tier, trying

HANDLERS = [
    *reading.HANDLERS,
    *ladders.HANDLERS,
    *policy.HANDLERS,
    *tier.HANDLERS,
    *rules_pages.HANDLERS,
    *trying.HANDLERS,
    *publishing.HANDLERS,
    *history.HANDLERS,
]

"""The sections of the rules beside the ladders."""

from tenants.programme_pages import benefits, others, points, wallet

HANDLERS = [*benefits.HANDLERS, *points.HANDLERS, *wallet.HANDLERS, *others.HANDLERS]

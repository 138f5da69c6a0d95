"""Webhooks: events go to a chain's own servers, signed by Standard Webhooks, at least once each.

The relay makes a delivery for each endpoint as it numbers an event (`fanning`). The workers' dispatcher leases what is
due and posts it (`dispatching`, `carrying`), with no scope open while it waits for an answer. A worker that is killed
in between leaves a lease behind, and when that has ended the delivery goes again.
"""

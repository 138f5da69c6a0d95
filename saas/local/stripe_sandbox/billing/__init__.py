"""Subscriptions, invoices, Checkout and the portal of the sandbox."""

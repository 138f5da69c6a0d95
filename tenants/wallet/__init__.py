"""Stored value (储值): what members paid in, what came with it, what they spent of it. `ledger` alone writes it."""

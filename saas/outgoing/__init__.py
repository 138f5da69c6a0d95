"""Requests to addresses that customers name. Nothing else in this installation may be reached through them."""

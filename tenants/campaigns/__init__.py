"""Campaigns: what a chain gives, says or takes off for a while, to whom, and what it brought."""

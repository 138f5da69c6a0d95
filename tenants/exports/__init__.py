"""A chain's whole data as one ZIP: written from one instant, kept a week, read back into a new chain."""

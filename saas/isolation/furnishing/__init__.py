"""A chain with at least one row in every tenant table."""

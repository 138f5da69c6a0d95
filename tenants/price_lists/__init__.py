"""Price lists: what pieces cost those whose tier gives them a list."""

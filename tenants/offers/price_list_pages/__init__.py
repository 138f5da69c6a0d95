"""`/price-lists`: what pieces cost those whose tier gives them a list; prices by hand, and as a file."""

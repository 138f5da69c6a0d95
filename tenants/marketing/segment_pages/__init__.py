"""`/segments`: conditions by name, built from sentences, with how many members they select now."""

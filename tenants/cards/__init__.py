"""Cards: numbers that lead to a member; lost, replaced, never somebody else's."""

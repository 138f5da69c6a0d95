"""Isolation proved by attack: two throwaway chains, one of which tries everything it can to reach into the other."""

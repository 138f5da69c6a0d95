"""How many requests a second a chain's keys may send: by its plan, counted in Valkey for all processes together."""

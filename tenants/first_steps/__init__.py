"""What a new chain does first: a list that ticks itself from what happens, and a sample chain to look around in."""

"""Tasks: whom the branches call, in what rhythm, and what came of it."""

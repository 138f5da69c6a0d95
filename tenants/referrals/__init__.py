"""Who brought whom. `counting` asks for a count, from whatever changes one; `jobs` counts."""

"""Who brought whom. `counting` asks for a count, from whatever changes one; `count` is the job that counts."""
